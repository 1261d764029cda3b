import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("A killed process", .timeLimit(.minutes(10)))
struct KillTests {
    @Test("A stream whose process is killed ends in one message, with a prefix of what the client saw")
    func kill() async throws {
        try await ReplicaFixture.withFile { path in
            let variables = Self.variables(Secret("sqlite:///\(path)"))
            let first = try BackendProcess(["serve"], variables)
            let client = try await Self.registered(at: try await first.port())
            let id = try await client.conversation()
            let words = (0..<3_000).map { "word\($0)" }.joined(separator: " ")
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"\#(words)"}"#)
            let message = try #require(try await stream.next()?.message["id"] as? String)
            var seen = ""
            let start = ContinuousClock.now
            // Longer than it takes to store a part of it.
            while ContinuousClock.now - start < .seconds(4) { seen += try #require(try await stream.next()).delta }
            first.signal(SIGKILL)
            do {
                while let event = try await stream.next() { seen += event.delta }
            } catch {
                // The connection broke, which is the point.
            }
            _ = try await first.status()

            let second = try BackendProcess(["serve"], variables)
            let survivor = client.at(port: try await second.port())
            let stored = try await survivor.finished(message, in: id)
            #expect(stored["status"] as? String == "incomplete")
            #expect(stored["finish_reason"] as? String == "interrupted")
            let content = try #require(stored["content"] as? String)
            #expect(!content.isEmpty)
            #expect(seen.hasPrefix(content))
            #expect(try await survivor.get("/\(id)/messages").list.count == 2)
            // The conversation goes on.
            let next = try await survivor.post("/\(id)/messages", #"{"content":"hello"}"#)
            #expect(next.message["status"] as? String == "completed")
        }
    }

    @Test("A stream whose process is killed is finished by another replica, which a reader goes on at without a gap")
    func anotherReplica() async throws {
        let variables = Self.variables(try await PostgreSQLServer.freshDatabase())
        let first = try BackendProcess(["serve"], variables)
        let client = try await Self.registered(at: try await first.port())
        let second = try BackendProcess(["serve"], variables)
        let survivor = client.at(port: try await second.port())
        let id = try await client.conversation()
        let words = (0..<3_000).map { "word\($0)" }.joined(separator: " ")
        let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"\#(words)"}"#)
        let message = try #require(try await stream.next()?.message["id"] as? String)
        let along = try await survivor.events(.GET, "/\(id)/messages/\(message)/events")
        var read = ""
        // Longer than it takes to store a part of it.
        while read.utf8.count < 2_000 { read += try #require(try await along.next()).delta }
        first.signal(SIGKILL)
        _ = try await first.status()
        let events = try await along.rest()
        read += events.text
        let end = try #require(events.last)
        #expect(end.type == "message.incomplete")
        #expect(end.message["finish_reason"] as? String == "interrupted")
        // What came over Redis or was stored is all that is known of it.
        let content = try #require(end.message["content"] as? String)
        #expect(read == content)
        #expect(content.utf8.count >= 2_000)
        let stored = try await survivor.get("/\(id)/messages").list
        #expect(stored.count == 2)
        #expect(stored.first?["content"] as? String == content)
        let next = try await survivor.post("/\(id)/messages", #"{"content":"hello"}"#)
        #expect(next.message["status"] as? String == "completed")
    }

    static func variables(_ database: Secret) -> [String: String] {
        [
            "DATABASE_URL": database.value, "SECRET_KEY": SettingsTests.goodKey, "PORT": "0", "HOST": "127.0.0.1",
            "LOG_FORMAT": "json",
        ]
    }

    /// A user of the service at this port.
    static func registered(at port: Int) async throws -> ReplicaClient {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/auth/register")
        request.method = .POST
        request.headers = ["content-type": "application/json"]
        request.body = .bytes(
            ByteBuffer(string: #"{"email":"u@example.com","password":"correct horse battery staple"}"#))
        var response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        // The schema may not be there yet.
        _ = try await eventually {
            if response.status == .serviceUnavailable {
                response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
            }
            return response.status != .serviceUnavailable
        }
        let body = try await response.body.collect(upTo: 65_536)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        let token = try #require(json?["access_token"] as? String, "\(String(buffer: body))")
        return ReplicaClient(port: port, user: UUID(), token: token)
    }
}

extension ReplicaClient {
    /// A new API key of this user.
    func apiKey() async throws -> String {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/api-keys")
        request.method = .POST
        request.headers = ["content-type": "application/json", "authorization": authorization]
        request.body = .bytes(ByteBuffer(string: #"{"name":"test"}"#))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 65_536)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        return try #require(json?["key"] as? String)
    }
}
