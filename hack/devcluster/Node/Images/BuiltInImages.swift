import FoundationEssentials
import Glibc
import K8sClient

/// The images that every cluster has without an image map: the servers of Debian's packages, run as the official images of
/// their names run theirs.
///
/// Their entrypoints, and clients that find their own pod at `localhost`, are written into a folder of the cluster's.
struct BuiltInImages: Sendable {
    private(set) var images: [String: ImageMap.Image] = [:]
    /// What to say to a pod that asks for one whose programs are not installed.
    private(set) var unavailable: [String: String] = [:]

    /// The number of the user in the official images.
    private static let user = 999
    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Looks for the programs and writes the scripts.
    /// - Parameter directory: the folder for them.
    init(directory: String) throws {
        if let programs = Self.postgresPrograms() {
            let folder = directory + "/postgres"
            let entrypoint = try Self.write(
                PackageResources.postgres_entrypoint_sh, to: folder, as: ["docker-entrypoint.sh"])
            try Self.write(
                PackageResources.local_client_sh, to: folder,
                as: ["createdb", "dropdb", "pg_dump", "pg_dumpall", "pg_isready", "pg_restore", "pgbench", "psql"])
            images["postgres"] = ImageMap.Image(
                entrypoint: [entrypoint], args: ["postgres"],
                env: [
                    "PATH": "\(folder):\(programs):\(Self.path)", "LANG": "C.UTF-8", "DEVCLUSTER_POD_IP": "$(POD_IP)",
                ],
                workingDir: "/", user: Self.user, userName: "postgres",
                volumes: ["/var/lib/postgresql/data", "/var/run/postgresql"],
                // The server waits for its clients to leave on SIGTERM; this lets it end in order at once.
                stopSignal: SIGINT)
        } else {
            unavailable["postgres"] = "PostgreSQL is not installed on this machine (apt install postgresql)"
        }
        if let server = MachineFiles.executable("redis-server", path: Self.path) {
            let folder = directory + "/redis"
            let entrypoint = try Self.write(
                PackageResources.redis_entrypoint_sh, to: folder, as: ["docker-entrypoint.sh"])
            try Self.write(PackageResources.local_client_sh, to: folder, as: ["redis-cli"])
            let programs = server.split(separator: "/").dropLast().joined(separator: "/")
            images["redis"] = ImageMap.Image(
                entrypoint: [entrypoint], args: ["redis-server"],
                env: ["PATH": "\(folder):/\(programs):\(Self.path)", "DEVCLUSTER_POD_IP": "$(POD_IP)"],
                workingDir: "/data", user: Self.user, userName: "redis", volumes: ["/data"])
        } else {
            unavailable["redis"] = "Redis is not installed on this machine (apt install redis-server)"
        }
    }

    /// The folder with the newest PostgreSQL server's programs, where Debian has them.
    private static func postgresPrograms() -> String? {
        let root = "/usr/lib/postgresql"
        let versions = MachineFiles().children(root).compactMap { Int($0) }.sorted(by: >)
        return versions.map { "\(root)/\($0)/bin" }.first {
            MachineFiles.executable("\($0)/postgres", path: "") != nil
                && MachineFiles.executable("\($0)/initdb", path: "") != nil
        }
    }

    /// Writes an executable script under some names; returns the path of the first.
    @discardableResult
    private static func write(_ script: [UInt8], to folder: String, as names: [String]) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in names {
            let path = "\(folder)/\(name)"
            try Data(script).write(to: URL(filePath: path), options: .atomic)
            guard chmod(path, 0o755) == 0 else { throw IOFailure(path) }
        }
        return "\(folder)/\(names.first ?? "")"
    }
}
