/// What the machine's own file system holds, as far as planning a container's root needs to know.
protocol HostFiles {
    func kind(_ path: String) -> HostFileKind?
    func children(_ directory: String) -> [String]
}

/// What a path of the machine is.
enum HostFileKind: Hashable, Sendable {
    case directory, file
    case symlink(String)
}
