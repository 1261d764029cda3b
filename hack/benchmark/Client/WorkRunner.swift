import FoundationEssentials
import Subprocess
import SystemPackage

/// Starts the programs that do the work, and reads what they print.
struct WorkRunner: Sendable {
    let python: String
    let script: String

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    func ours(_ arguments: [String]) async throws -> [Double] {
        try await figures(oursCommand(arguments))
    }

    func theirs(_ arguments: [String]) async throws -> [Double] {
        try await figures(theirsCommand(arguments))
    }

    func oursCommand(_ arguments: [String]) -> [String] {
        [ProcessInfo.processInfo.arguments[0], "client-work"] + arguments
    }

    func theirsCommand(_ arguments: [String]) -> [String] { [python, script] + arguments }

    private func figures(_ command: [String]) async throws -> [Double] {
        let output = try await output(command)
        let figures = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard !figures.isEmpty else { throw Failed(description: "\(command) printed no figures: \(output)") }
        return figures
    }

    /// What a command prints, errors included where they are asked for.
    func output(_ command: [String], environment: Environment = .inherit, errors: Bool = false) async throws -> String {
        let executable: Executable = command[0].contains("/") ? .path(FilePath(command[0])) : .name(command[0])
        let result = try await Subprocess.run(
            executable, arguments: Arguments(Array(command.dropFirst())), environment: environment,
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let failure = result.standardError
        guard result.terminationStatus.isSuccess else {
            throw Failed(description: "\(command) ended with \(result.terminationStatus): \(failure)")
        }
        return result.standardOutput + (errors ? failure : "")
    }
}

/// Counts a program's calls of malloc and its kin, in all its libraries, with heaptrack: the same instrument for any program, and
/// exact, where sampling is not and where glibc's own figures know only what is in use.
struct AllocationCounter {
    let runner: WorkRunner

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    func ours(_ arguments: [String]) async throws -> Result<Int, Missing> {
        try await count(runner.oursCommand(arguments), .inherit)
    }

    func theirs(_ arguments: [String]) async throws -> Result<Int, Missing> {
        // Python's own allocator takes small objects from blocks of its own, which would hide them.
        try await count(runner.theirsCommand(arguments), .inherit.updating(["PYTHONMALLOC": "malloc"]))
    }

    private func count(_ command: [String], _ environment: Environment) async throws -> Result<Int, Missing> {
        let output: String
        do {
            let result = try await Subprocess.run(
                .name("heaptrack"), arguments: ["--version"], output: .discarded, error: .discarded)
            _ = result
        } catch {
            return .failure(Missing(description: "not counted: heaptrack is not installed"))
        }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        output = try await runner.output(
            ["heaptrack", "-o", folder.path + "/record"] + command, environment: environment, errors: true)
        for line in output.split(separator: "\n") where line.contains("allocations:") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count == 2, words[0] == "allocations:", let count = Int(words[1]) { return .success(count) }
        }
        return .failure(Missing(description: "not counted: heaptrack prints no total"))
    }
}

/// A folder for as long as it is needed.
private struct TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/benchmark-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        // What is left over is in the system's folder for that.
        try? FileManager.default.removeItem(atPath: path)
    }
}
