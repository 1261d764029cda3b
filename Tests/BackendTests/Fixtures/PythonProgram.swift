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

    /// Runs the program to its end.
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
        let record = try await Subprocess.run(
            .path(FilePath(python)), arguments: Arguments([source.string] + arguments),
            environment: .inherit.updating(added),
            output: .string(limit: 1 << 20, encoding: UTF8.self), error: .string(limit: 1 << 20, encoding: UTF8.self))
        return Outcome(
            status: record.terminationStatus, output: record.standardOutput,
            complaints: record.standardError)
    }
}
