import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

/// What an answer becomes when something that the service stands on ends in its middle.
@Suite("Lost dependencies", .timeLimit(.minutes(5)))
struct DependencyLossTests {
    private let pieces = (0..<60).map { "Stück\($0) " }

    @Test("PostgreSQL is killed in the middle of a stream and comes back: the answer is stored once, and all of it")
    func postgreSQL() async throws {
        // Its own: it is killed.
        let server = try await PostgreSQLServer()
        try await closed(try await server.freshDatabase()) { database in
            let store = Store(database: database)
            let user = try await store.insertTestUser()
            let gate = Gate()
            let fixture = ReplicaFixture(database: database, model: ScriptedModel(pieces, gate: gate))
            try await fixture.run { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                let earlier = try await client.post("", #"{"title":"acknowledged"}"#).id
                let id = try await client.conversation()
                let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                let message = try #require(try await stream.next()?.message["id"] as? String)
                gate.open(10)
                var text = ""
                while !text.contains("Stück9 ") { text += try #require(try await stream.next()).delta }
                try await server.kill()
                // The stream goes on meanwhile.
                gate.open(20)
                while !text.contains("Stück29 ") { text += try #require(try await stream.next()).delta }
                // Even its end comes while the database is away.
                gate.openForGood()
                while !text.contains("Stück59 ") { text += try #require(try await stream.next()).delta }
                let refused = try await client.post("", "{}")
                #expect(refused.status == 503)
                #expect(refused.code == "database_unavailable")
                try await server.start()
                let end = try #require(try await stream.rest().last)
                #expect(end.type == "message.completed")
                #expect(end.message["content"] as? String == pieces.joined())
                #expect(text == pieces.joined())

                let stored = try await client.get("/\(id)/messages").list
                #expect(stored.count == 2)
                #expect(stored.first?["id"] as? String == message)
                #expect(stored.first?["content"] as? String == pieces.joined())
                #expect(try await client.get("/\(earlier)").json["title"] as? String == "acknowledged")
                try await expectOneRecord(of: message, in: database)
            }
        }
    }

    @Test(
        "PostgreSQL is killed again and again at random moments: what was acknowledged is there, each answer once",
        arguments: [UInt64.random(in: 0...UInt64.max)])
    func postgreSQLAgainAndAgain(seed: UInt64) async throws {
        print("seed \(seed)")
        let server = try await PostgreSQLServer()
        try await closed(try await server.freshDatabase()) { database in
            let user = try await Store(database: database).insertTestUser()
            let pieces = pieces
            let model = ScriptedModel { _, emit in
                for piece in pieces {
                    emit(piece)
                    try await Task.sleep(for: .milliseconds(10))
                }
                return CompletionEnd(finishReason: "stop")
            }
            var policy = GenerationPolicy()
            policy.flushInterval = .milliseconds(50)
            let fixture = ReplicaFixture(database: database, model: model, policy: policy)
            try await fixture.run { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                try await withThrowingTaskGroup(of: [(conversation: String, message: String)].self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            var acknowledged: [(String, String)] = []
                            for _ in 0..<4 {
                                let made = try await client.post("", "{}")
                                guard made.status == 201 else { continue }
                                let answer = try await client.post("/\(made.id)/messages", #"{"content":"q"}"#)
                                guard answer.status == 201, let id = answer.message["id"] as? String else { continue }
                                acknowledged.append((made.id, id))
                            }
                            return acknowledged
                        }
                    }
                    var random = SeededGenerator(seed: seed)
                    for _ in 0..<4 {
                        try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
                        try await server.kill()
                        try await server.start()
                    }
                    var count = 0
                    for try await acknowledged in group {
                        for (conversation, message) in acknowledged {
                            count += 1
                            let stored = try await client.get("/\(conversation)/messages").list
                            #expect(stored.count == 2, "seed \(seed)")
                            #expect(stored.first?["id"] as? String == message, "seed \(seed)")
                            #expect(stored.first?["content"] as? String == pieces.joined(), "seed \(seed)")
                            try await expectOneRecord(of: message, in: database)
                        }
                    }
                    print("\(count) of 16 were answered")
                    #expect(count > 0)
                    // Also those whose requests failed have ended, and once.
                    let isOver = try await eventually {
                        try await database.rows("SELECT 1 FROM messages WHERE status = 'in_progress'").isEmpty
                    }
                    #expect(isOver, "seed \(seed)")
                    let rows = try await database.rows(
                        """
                        SELECT (SELECT count(*) FROM messages WHERE role = 'assistant'),
                            (SELECT count(*) FROM usage_records r JOIN messages m ON m.id = r.message_id AND r.id = m.id),
                            (SELECT count(*) FROM message_chunks)
                        """)
                    #expect(try rows[0].get(0, as: Int.self) == rows[0].get(1), "seed \(seed)")
                    #expect(try rows[0].get(2) == 0, "seed \(seed)")
                }
            }
        }
    }

    @Test("Redis is killed in the middle of a stream: reading along and stopping across replicas still work")
    func redis() async throws {
        let redis = try RedisServer()
        try await DatabaseMaker.postgreSQL.with { database in
            let user = try await Store(database: database).insertTestUser()
            let gate = Gate()
            var fixture = ReplicaFixture(database: database, model: ScriptedModel(pieces, gate: gate))
            fixture.redis = try redis.configuration(deadline: .seconds(2))
            try await fixture.run(2) { replicas in
                let owner = ReplicaClient(port: replicas[0].port, user: user)
                let other = owner.at(replicas[1])
                let id = try await owner.conversation()
                let stream = try await owner.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                let message = try #require(try await stream.next()?.message["id"] as? String)
                gate.open(10)
                var text = ""
                var last = ""
                while !text.contains("Stück9 ") {
                    let event = try #require(try await stream.next())
                    text += event.delta
                    last = event.id
                }
                let along = try await other.events(.GET, "/\(id)/messages/\(message)/events")
                var read = try #require(try await along.next()).delta
                redis.kill()
                gate.open(10)
                while !read.contains("Stück19 ") { read += try #require(try await along.next()).delta }
                // The connection to the owner is lost; the other replica goes on where it was.
                stream.close()
                let resumed = try await other.events(
                    .GET, "/\(id)/messages/\(message)/events", headers: ["last-event-id": last])
                gate.open(5)
                while !text.contains("Stück24 ") { text += try #require(try await resumed.next()).delta }
                let stopped = try await other.post("/\(id)/messages/\(message)/stop")
                #expect(stopped.json["status"] as? String == "incomplete")
                #expect(stopped.json["finish_reason"] as? String == "stopped")
                let content = try #require(stopped.json["content"] as? String)
                #expect(content == pieces[..<25].joined())
                text += try await resumed.rest().text
                read += try await along.rest().text
                #expect(text == content)
                #expect(read == content)
                try await expectOneRecord(of: message, in: database)
            }
        }
    }

    @Test("The upstream is killed in the middle of a stream: the message has failed, once, and can be regenerated")
    func upstream() async throws {
        try await DatabaseMaker.postgreSQL.with { database in
            let user = try await Store(database: database).insertTestUser()
            // Another backend with its echo model, which is a process of its own.
            let disk = FileManager.default.temporaryDirectory.appendingPathComponent("upstream-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: disk) }
            let variables = KillTests.variables(Secret("sqlite:///\(disk.path)/app.db"))
            let first = try BackendProcess(["serve"], variables)
            let port = try await first.port()
            let key = try await KillTests.registered(at: port).apiKey()
            let process = first.identifier
            let settings = [
                "UPSTREAM_MAX_ATTEMPTS": "1", "OPENAI_BASE_URL": "http://127.0.0.1:\(port)/v1", "OPENAI_API_KEY": key,
            ]
            try await UpstreamFixture.run([], settings) { upstream, _ in
                let fixture = ReplicaFixture(
                    database: database, model: UpstreamCompletionModel(client: upstream))
                try await fixture.run { replicas in
                    let client = ReplicaClient(port: replicas[0].port, user: user)
                    let id = try await client.conversation()
                    let words = (0..<500).map { "word\($0)" }.joined(separator: " ")
                    let stream = try await client.events(
                        .POST, "/\(id)/messages", #"{"content":"\#(words)","model":"echo"}"#)
                    let message = try #require(try await stream.next()?.message["id"] as? String)
                    var text = ""
                    while text.count < 50 { text += try #require(try await stream.next()).delta }
                    kill(process, SIGKILL)
                    let events = try await stream.rest()
                    text += events.text
                    let end = try #require(events.last)
                    #expect(end.type == "message.failed")
                    #expect(end.message["content"] as? String == text)
                    #expect((end.message["error"] as? [String: Any])?["code"] as? String == "upstream_connection_lost")
                    #expect(try await client.get("/\(id)/messages").list.count == 2)
                    try await expectOneRecord(of: message, in: database)

                    #expect(await eventually { kill(process, 0) != 0 })
                    let second = try BackendProcess(["serve"], variables.merging(["PORT": "\(port)"]) { $1 })
                    _ = try await second.port()
                    let again = try await client.post("/\(id)/messages/\(message)/regenerate", #"{"model":"echo"}"#)
                    #expect(again.message["status"] as? String == "completed", "\(String(buffer: again.body))")
                    #expect((again.message["content"] as? String)?.isEmpty == false)
                    let shown = try await client.get("/\(id)/messages").list
                    #expect(shown.count == 2)
                    #expect(shown.first?["id"] as? String != message)
                }
            }
            withExtendedLifetime(first) {}
        }
    }

    private func closed(_ address: Secret, _ test: (any Database) async throws -> Void) async throws {
        let database = try DatabaseMaker.open(address)
        try await closing(database) {
            try await Migrator(database: database).migrate()
            try await test(database)
        }
    }

    private func expectOneRecord(of message: String, in database: any Database) async throws {
        let id = try #require(UUID(uuidString: message))
        let rows = try await database.rows(
            "SELECT id FROM usage_records WHERE message_id = $1 AND id = $1", [id.sqlValue])
        #expect(rows.count == 1)
        #expect(try await database.rows("SELECT 1 FROM message_chunks WHERE message_id = $1", [id.sqlValue]).isEmpty)
    }
}
