import Foundation
import Subprocess
import SystemPackage
import Testing

/// A program in Python beside the tests, run in the environment that `hack/python-packages` makes.
struct PythonProgram {
    struct Outcome {
        let status: TerminationStatus
        let output: String
        let complaints: String
    }

    let source: FilePath

    /// - Parameter name: The file beside the calling test.
    init(_ name: String, testFile: String = #filePath) {
        source = FilePath(testFile).removingLastComponent().appending(name)
    }

    /// Runs the program to its end, which must come within a quarter of an hour. What it prints goes to files: the end of a pipe
    /// would be waited for as long as a process lives that it has left behind, such as a browser.
    func run(_ arguments: String..., variables: [String: String] = [:]) async throws -> Outcome {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // .build/TRIPLE/debug/TESTS
        let python = URL(fileURLWithPath: tests).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("python/tests/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "hack/test makes \(python); hack/python-packages does alone")
        let added = Dictionary(
            uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1 as String?) })
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String) throws -> FileDescriptor {
            try .open(
                FilePath(folder.appendingPathComponent(name).path), .writeOnly, options: [.create, .truncate],
                permissions: .ownerReadWrite)
        }
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
        }
        let record = try await Subprocess.run(
            .path("/usr/bin/timeout"),
            arguments: Arguments(["--kill-after=10", "900", python, source.string] + arguments),
            environment: .inherit.updating(added),
            output: .fileDescriptor(try file("output"), closeAfterSpawningProcess: true),
            error: .fileDescriptor(try file("complaints"), closeAfterSpawningProcess: true))
        return Outcome(
            status: record.terminationStatus, output: try text("output"), complaints: try text("complaints"))
    }
}
