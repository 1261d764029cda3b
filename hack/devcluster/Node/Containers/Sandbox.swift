import Glibc
import Subprocess
import SystemPackage

/// Why no process can be put into namespaces on this machine.
struct SandboxError: Error, CustomStringConvertible {
    let description: String
}

/// Bubblewrap, which starts a container's processes in namespaces of their own (mounts, processes, host name), and
/// nsenter, which runs further ones in them.
///
/// The processes that bubblewrap starts, from the outside in: `bwrap` itself, which waits; the container's process 1,
/// also bubblewrap, which collects orphans; the container's program. When any of the first two ends, the kernel ends the
/// whole container, so a container cannot outlive this process (`--die-with-parent`), however that ends.
struct Sandbox: Sendable {
    private let bwrap: String
    private let nsenter: String
    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Finds the programs and tries them.
    /// - Throws: `SandboxError`, which says what to install or to allow.
    init() async throws {
        guard let bwrap = MachineFiles.executable("bwrap", path: Self.path) else {
            throw SandboxError(description: "bwrap not found: pods need bubblewrap (apt install bubblewrap)")
        }
        guard let nsenter = MachineFiles.executable("nsenter", path: Self.path) else {
            throw SandboxError(description: "nsenter not found: pods need it (apt install util-linux)")
        }
        self.bwrap = bwrap
        self.nsenter = nsenter
        let trial = try await run(
            .path(FilePath(bwrap)),
            arguments: ["--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--unshare-uts", "--", "/bin/true"],
            output: .discarded, error: .string(limit: 4096))
        guard trial.terminationStatus.isSuccess else {
            let said = trial.standardError.split(separator: "\n").last.map(String.init) ?? "no message"
            throw SandboxError(
                description: """
                    bubblewrap cannot make namespaces here (\(said)): run as root, or allow unprivileged user \
                    namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces)
                    """)
        }
    }

    /// A container's program in its namespaces.
    func configuration(_ launch: ContainerLaunch) -> Configuration {
        var arguments = launch.root
        arguments += ["--unshare-pid", "--unshare-uts", "--unshare-ipc", "--hostname", launch.hostname]
        if let user = launch.user {
            arguments += ["--unshare-user", "--uid", String(user), "--gid", String(launch.group ?? user)]
        }
        arguments += ["--chdir", launch.workingDirectory, "--die-with-parent", "--new-session", "--"]
        arguments.append(launch.program.executable)
        arguments += launch.program.arguments
        return Configuration(
            executable: .path(FilePath(bwrap)), arguments: Arguments(arguments),
            // By the environment, not by arguments: those everybody on the machine can read.
            environment: Self.environment(launch.environment), platformOptions: Self.options)
    }

    /// A further command in a container's namespaces.
    func configuration(
        exec command: [String], in process: ContainerProcess, environment: [String: String], user: Int?
    ) -> Configuration? {
        guard let first = process.first else { return nil }
        var arguments = ["--target", String(first), "--mount", "--pid", "--uts", "--ipc"]
        if user != nil || geteuid() != 0 { arguments += ["--user", "--preserve-credentials"] }
        arguments += ["--"] + command
        return Configuration(
            executable: .path(FilePath(nsenter)), arguments: Arguments(arguments),
            environment: Self.environment(environment), platformOptions: Self.options)
    }

    private static func environment(_ variables: [String: String]) -> Environment {
        var pairs: [Environment.Key: String] = [:]
        for (name, value) in variables {
            // What no environment can hold is left out rather than keeping the container from starting.
            guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0), !value.utf8.contains(0),
                name.utf8.first.map({ !(48...57).contains($0) }) ?? false, let key = Environment.Key(rawValue: name)
            else { continue }
            pairs[key] = value
        }
        return .custom(pairs)
    }

    /// Sessions of their own: a Ctrl-C for this process is not one for the containers.
    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        return options
    }
}

/// All that a container's process is started with.
struct ContainerLaunch: Sendable {
    var program: Program
    var environment: [String: String]
    var workingDirectory: String
    var hostname: String
    /// The user that the program is to see itself as; nil for this process's own.
    var user: Int?
    var group: Int?
    /// Files that the image's entrypoint names, and the folder that it is in: the program's arguments may be its scripts.
    var files: [String]
    /// What the image calls its user.
    var userName: String?
    /// Directories of the image that are the container's own to write to.
    var imageVolumes: [String] = []
    /// What asks the program to end.
    var stopSignal = SIGTERM
    /// Bubblewrap's arguments that build the root.
    var root: [String] = []
}
