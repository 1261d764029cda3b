import Foundation
import Subprocess
import SystemPackage

/// A program of the package: they are built beside the test bundle.
func builtProgram(_ name: String) throws -> FilePath {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return FilePath(bundle).removingLastComponent().appending(name)
}

/// The client in a process of its own (`K8sClientProbe`).
enum Probe {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs it to its end, and gives what it printed.
    static func run(_ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .path(try builtProgram("K8sClientProbe")), arguments: Arguments(arguments), input: .none,
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failed(description: "\(arguments): \(result.terminationStatus), \(result.standardError)")
        }
        return result.standardOutput
    }

    /// Runs it to its end in a terminal of its own, into which somebody types; gives what is to be seen there.
    static func runInTerminal(_ arguments: [String], typing text: String) async throws -> String {
        let command = ([try builtProgram("K8sClientProbe").string] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: [
                "-c", #"printf '%s' "$1" | script --quiet --return --command "$2" /dev/null"#, "sh", text, command,
            ],
            input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failed(description: "\(command): \(result.terminationStatus), \(result.standardOutput)")
        }
        return result.standardOutput
    }
}
