/// The paths that the platform calls, not users: probes and scrapes, which address a replica itself.
enum OperationalPaths {
    static let liveness = "/health"
    static let readiness = "/health/ready"
    static let metrics = "/metrics"

    private static let all: Set<String> = [liveness, readiness, metrics]

    /// Whether `path` is one of them, with or without a slash at its end, as the router takes it.
    static func contains(_ path: String) -> Bool {
        all.contains(path.count > 1 && path.last == "/" ? String(path.dropLast()) : path)
    }
}
