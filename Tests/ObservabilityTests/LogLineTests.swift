import Foundation
import Logging
import Testing

@testable import Observability

@Suite("Log lines")
struct LogLineTests {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What `body` logs, as lines.
    private func lines(_ format: LogFormat, level: Logger.Level = .info, _ body: (Logger) -> Void) throws -> [String] {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: path) }
        #expect(FileManager.default.createFile(atPath: path.path, contents: nil))
        let file = try FileHandle(forWritingTo: path)
        let output = LogOutput(fileDescriptor: file.fileDescriptor)
        var logger = Logger(label: "test") { format.handler(label: $0, level: level, output: output) }
        logger[metadataKey: "component"] = "unit"
        body(logger)
        try file.close()
        let text = try String(contentsOf: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("A JSON line holds time, level, logger, message and the metadata beside them")
    func members() throws {
        let lines = try lines(.json) { logger in
            logger.warning(
                "hello",
                metadata: [
                    "status": .stringConvertible(200), "ok": .stringConvertible(true), "list": ["a", ["k": "v"]],
                ])
        }
        let object = try object(try #require(lines.first))
        #expect(object["level"] as? String == "warning")
        #expect(object["logger"] as? String == "test")
        #expect(object["message"] as? String == "hello")
        #expect(object["component"] as? String == "unit")
        #expect(object["status"] as? Int == 200)
        #expect(object["ok"] as? Bool == true)
        #expect((object["list"] as? [Any])?.count == 2)
        let timestamp = try #require(object["timestamp"] as? String)
        #expect(timestamp.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let date = try Date(timestamp, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(date.timeIntervalSinceNow) < 60)
    }

    @Test("Metadata never replaces a member of the line")
    func reservedNames() throws {
        let lines = try lines(.json) { logger in
            logger.info(
                "real", metadata: ["message": "forged", "level": "forged", "metadata.level": "own", "error": "text"])
            logger.error("failed", error: Failure(description: "disk"), metadata: ["error": "forged"])
        }
        let first = try object(lines[0])
        #expect(first["message"] as? String == "real")
        #expect(first["metadata.message"] as? String == "forged")
        #expect(first["level"] as? String == "info")
        #expect(first["metadata.level"] as? String == "own")
        #expect(first["metadata.metadata.level"] as? String == "forged")
        #expect(first["error"] as? String == "text")
        let second = try object(lines[1])
        #expect(second["error"] as? String == "disk")
        #expect(second["metadata.error"] as? String == "forged")
    }

    @Test("Whatever is logged stays one line of valid JSON")
    func escaping() throws {
        let odd = "quote \" backslash \\ newline \n return \r tab \t bell \u{7} null \0 emoji 👩‍🚀 \u{2028}"
        let lines = try lines(.json) { $0.info("\(odd)", metadata: ["\(odd)": "\(odd)"]) }
        #expect(lines.count == 1)
        let object = try object(lines[0])
        #expect(object["message"] as? String == odd)
        #expect(object[odd] as? String == odd)
    }

    @Test("Lines of many tasks never mix")
    func concurrentLines() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: path) }
        #expect(FileManager.default.createFile(atPath: path.path, contents: nil))
        let file = try FileHandle(forWritingTo: path)
        let output = LogOutput(fileDescriptor: file.fileDescriptor)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let logger = Logger(label: "task-\(task)") { LogFormat.json.handler(label: $0, output: output) }
                    for number in 0..<200 { logger.info("\(String(repeating: "x", count: 900)) \(number)") }
                }
            }
        }
        try file.close()
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1_600)
        for line in lines { #expect(line.hasPrefix("{\"timestamp\":\"") && line.hasSuffix("\"}")) }
    }

    @Test("Text lines are for people, and a value cannot forge a line")
    func text() throws {
        let lines = try lines(.text) {
            $0.notice("started\nINFO forged", metadata: ["port": "8000", "who": "a \"b\" c"])
        }
        #expect(lines.count == 1)
        #expect(
            lines[0].hasSuffix(" NOTICE   test: started\\nINFO forged component=unit port=8000 who=\"a \\\"b\\\" c\""))
    }

    @Test("Lines below the level are not written")
    func level() throws {
        let lines = try lines(.json, level: .warning) { logger in
            logger.info("no")
            logger.warning("yes")
        }
        #expect(lines.count == 1)
    }

    @Test(
        "Times are written in UTC to the millisecond",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_827_696, 7, "2000-02-29T12:34:56.007Z"),
            (1_798_761_599, 999, "2026-12-31T23:59:59.999Z"), (4_107_542_400, 50, "2100-03-01T00:00:00.050Z"),
        ])
    func timestamps(seconds: Int, milliseconds: Int, expected: String) {
        var bytes: [UInt8] = []
        LogTimestamp(secondsSinceEpoch: seconds, milliseconds: milliseconds).append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }
}
