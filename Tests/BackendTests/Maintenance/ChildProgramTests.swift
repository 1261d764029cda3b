import Foundation
import Logging
import Testing

@testable import Backend

@Suite struct ChildProgramTests {
    @Test(
        "A program that ends without reading its input is an error that names it, or none, and never the end of this process"
    )
    func inputThatNobodyReads() async throws {
        // As the program's commands do.
        signal(SIGPIPE, SIG_IGN)
        let environment = ["PATH": "/usr/bin:/bin"]
        let logger = Logger(label: "test")
        let input = String(repeating: "x", count: 1 << 20)
        for _ in 0..<20 {
            #expect(
                try await ChildProgram(name: "true", arguments: [], environment: environment)
                    .output(input: input, logger: logger) == "")
            let failing = ChildProgram(name: "false", arguments: [], environment: environment)
            let error = await #expect(throws: MaintenanceError.self) {
                _ = try await failing.output(input: input, logger: logger)
            }
            #expect(error?.description.contains("false ended with status 1") == true)
        }
        let cat = ChildProgram(name: "head", arguments: ["-c", "3"], environment: environment)
        #expect(try await cat.output(input: "abcdef", logger: logger) == "abc")
    }
}
