/// The paths that the platform calls, not users: probes and scrapes, which address a replica itself.
enum OperationalPaths {
    private static let paths: Set<String> = ["/health", "/health/ready", "/metrics"]

    /// Whether `path` is one of them, with or without a slash at its end, as the router takes it.
    static func contains(_ path: String) -> Bool {
        paths.contains(path.count > 1 && path.last == "/" ? String(path.dropLast()) : path)
    }
}
