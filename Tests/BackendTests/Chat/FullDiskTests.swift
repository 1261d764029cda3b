import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite(
    "A full disk under SQLite", .enabled(if: SmallDisk.isAvailable, SmallDisk.reason), .timeLimit(.minutes(5)))
struct FullDiskTests {
    @Test("What cannot be stored is refused in a sentence, what was acknowledged stays, and with space all goes on")
    func serving() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = try BackendProcess(
            ["serve"], KillTests.variables(Secret("sqlite:///\(folder.path)/app.db")),
            through: SmallDisk.wrapper(folder.path, size: "4m"))
        let client = try await KillTests.registered(at: try await process.port())
        // The process's own disk, seen from here.
        let filler = "/proc/\(process.identifier)/root\(folder.path)/filler"

        let chat = try await client.conversation()
        let words = (0..<1_000).map { "word\($0)" }.joined(separator: " ")
        let stream = try await client.events(.POST, "/\(chat)/messages", #"{"content":"\#(words)"}"#)
        let message = try #require(try await stream.next()?.message["id"] as? String)
        _ = try await stream.next()

        try Self.fill(filler)
        var acknowledged: [String] = []
        var refusals: [ReplicaClient.Answer] = []
        let prompt = String(repeating: "p", count: 20_000)
        for number in 0..<500 where refusals.count < 5 {
            let answer = try await client.post("", #"{"title":"\#(number)","system_prompt":"\#(prompt)"}"#)
            if answer.status == 201 { acknowledged.append(answer.id) } else { refusals.append(answer) }
        }
        #expect(refusals.count == 5)
        for refusal in refusals {
            #expect(refusal.status == 507 || refusal.status == 503, "\(String(buffer: refusal.body))")
            let text = (refusal.json["error"] as? [String: Any])?["message"] as? String ?? ""
            #expect(text.hasSuffix(".") && !text.contains("SQLite"), "\(text)")
        }
        #expect(refusals.contains { $0.status == 507 && $0.code == "insufficient_storage" })
        // It lives and reads.
        for id in acknowledged { #expect(try await client.get("/\(id)").status == 200) }
        #expect(try await RawConnection.get("/health", port: client.port).hasPrefix("HTTP/1.1 200 "))

        try FileManager.default.removeItem(atPath: filler)
        let isBack = try await eventually { try await client.post("", "{}").status == 201 }
        #expect(isBack)
        for id in acknowledged { #expect(try await client.get("/\(id)").status == 200) }
        // The answer that was in progress all the while.
        let events = try await stream.rest()
        #expect(events.last?.type == "message.completed")
        let stored = try await client.finished(message, in: chat)
        #expect(stored["status"] as? String == "completed")
        #expect(stored["content"] as? String == events.last?.message["content"] as? String)
        #expect(try await client.get("/\(chat)/messages").list.count == 2)
    }

    /// Writes until nothing more fits.
    private static func fill(_ path: String) throws {
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        for size in [65_536, 4_096, 1] {
            let block = Data(repeating: 0, count: size)
            while (try? file.write(contentsOf: block)) != nil {}
        }
    }
}
