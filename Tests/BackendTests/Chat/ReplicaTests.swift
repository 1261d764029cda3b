import Foundation
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import Backend

@Suite("Answers across replicas", .timeLimit(.minutes(10)))
struct ReplicaTests {
    /// What replicas share: a database, and perhaps Redis.
    struct Surroundings: Sendable, CustomTestStringConvertible {
        let maker: DatabaseMaker
        let hasRedis: Bool

        var testDescription: String { "\(maker.testDescription), \(hasRedis ? "with" : "without") Redis" }

        static let all = DatabaseMaker.all.flatMap { maker in
            [true, false].map { Surroundings(maker: maker, hasRedis: $0) }
        }
    }

    /// Two replicas, each with a connection of its own to Redis.
    private func runPair(
        in surroundings: Surroundings, _ model: any CompletionModel,
        _ test: @escaping @Sendable (ReplicaClient, ReplicaClient) async throws -> Void
    ) async throws {
        let redis = surroundings.hasRedis ? try RedisServer() : nil
        try await surroundings.maker.with { database in
            var fixture = ReplicaFixture(database: database, model: model)
            fixture.redis = try redis?.configuration()
            let user = try await Store(database: database).insertTestUser()
            try await fixture.run(2) { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                try await test(client, client.at(replicas[1]))
            }
        }
    }

    @Test("An answer is stopped from any replica", arguments: Surroundings.all)
    func stop(surroundings: Surroundings) async throws {
        let gate = Gate()
        try await runPair(in: surroundings, ScriptedModel(["said", "never"], gate: gate)) { owner, other in
            let id = try await owner.conversation()
            let stream = try await owner.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            let message = try #require(try await stream.next()?.message["id"] as? String)
            gate.open()
            #expect(try await stream.next()?.delta == "said")
            let stopped = try await other.post("/\(id)/messages/\(message)/stop")
            #expect(stopped.json["status"] as? String == "incomplete")
            #expect(stopped.json["finish_reason"] as? String == "stopped")
            #expect(stopped.json["content"] as? String == "said")
            let events = try await stream.rest()
            #expect(events.map(\.type) == ["message.incomplete"])
        }
    }

    @Test("What one replica remembers of a conversation, another's deletion ends", arguments: Surroundings.all)
    func deletion(surroundings: Surroundings) async throws {
        let model = ScriptedModel { _, emit in
            emit("yes")
            return CompletionEnd(finishReason: "stop")
        }
        try await runPair(in: surroundings, model) { here, there in
            let id = try await here.conversation()
            let message = try await here.post("/\(id)/messages", #"{"content":"Hello"}"#).message["id"] as? String ?? ""
            let path = "/\(id)/messages/\(message)"
            for client in [here, there] { #expect(try await client.get(path).status == 200) }
            // Remembered or not, it is nobody else's.
            let stranger = ReplicaClient(port: here.port, user: UUID())
            for suffix in ["", "/events"] { #expect(try await stranger.get(path + suffix).status == 404) }
            #expect(try await stranger.post(path + "/stop").status == 404)
            #expect(try await there.send(.DELETE, "/\(id)").status == 204)
            for client in [there, here] {
                for suffix in ["", "/events"] { #expect(try await client.get(path + suffix).status == 404) }
            }
        }
    }

    @Test("An answer is read along on another replica while it comes", arguments: Surroundings.all)
    func follow(surroundings: Surroundings) async throws {
        let gate = Gate()
        let pieces = (0..<40).map { "片\($0) " }
        try await runPair(in: surroundings, ScriptedModel(pieces, gate: gate)) { owner, other in
            let id = try await owner.conversation()
            let stream = try await owner.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            let message = try #require(try await stream.next()?.message["id"] as? String)
            gate.open(5)
            let along = try await other.events(.GET, "/\(id)/messages/\(message)/events")
            var text = try #require(try await along.next()).delta
            for step in 0..<36 {
                gate.open()
                if step % 12 == 0 { text += try await along.next()?.delta ?? "" }
            }
            text += try await along.rest().text
            #expect(text == pieces.joined())
            let events = try await stream.rest()
            #expect(events.text == pieces.joined())
        }
    }

    @Test(
        "Streams cut at random and resumed on random replicas give the text exactly",
        arguments: Surroundings.all, [UInt64.random(in: 0...UInt64.max)])
    func randomCuts(surroundings: Surroundings, seed: UInt64) async throws {
        print("seed \(seed)")
        let pieces = SeededGenerator.pieces(seed)
        let model = ScriptedModel { _, emit in
            for piece in pieces {
                emit(piece)
                try await Task.sleep(for: .milliseconds(3))
            }
            return CompletionEnd(finishReason: "stop")
        }
        try await runPair(in: surroundings, model) { first, second in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        var random = SeededGenerator(seed: seed &+ UInt64(number))
                        let id = try await first.conversation()
                        var stream = try await first.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                        let message = try #require(try await stream.next()?.message["id"] as? String)
                        var text = ""
                        var last = "\(message):0"
                        var end: EventReader.Event?
                        var cuts = 0
                        while end == nil {
                            let length = Int.random(in: 0...20, using: &random)
                            for _ in 0..<length {
                                guard let event = try await stream.next() else { break }
                                text += event.delta
                                last = event.id
                                if event.type != "message.delta" { end = event }
                            }
                            if end != nil { break }
                            stream.close()
                            cuts += 1
                            let client = Bool.random(using: &random) ? first : second
                            stream = try await client.events(
                                .GET, "/\(id)/messages/\(message)/events", headers: ["last-event-id": last])
                        }
                        #expect(end?.type == "message.completed", "seed \(seed), \(cuts) cuts")
                        #expect(text == pieces.joined(), "seed \(seed), \(cuts) cuts")
                        #expect(end?.message["content"] as? String == text)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(
        "What a dead replica left is finished once, with what it had stored, by whoever looks",
        arguments: DatabaseMaker.all)
    func abandoned(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            let store = Store(database: database)
            let fixture = ReplicaFixture(database: database, model: ScriptedModel([], gate: Gate()))
            let user = try await store.insertTestUser()
            try await fixture.run(2) { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                let id = try await client.conversation()
                let conversation = try #require(UUID(uuidString: id))
                let past = Timestamp.now - .seconds(60)
                let message = Message(
                    id: .version7(), conversationID: conversation, parentID: nil, role: .assistant, content: "",
                    status: .inProgress, model: "m", leaseExpiresAt: past, createdAt: past)
                try await store.begin(AnswerStart(answer: message), of: user)
                _ = try await database.run(
                    ["half an ", "answer"].enumerated().map { index, text in
                        SQLStatement(
                            "INSERT INTO message_chunks (message_id, start_offset, content) VALUES ($1, $2, $3)",
                            [message.id.sqlValue, (index * 8).sqlValue, text.sqlValue])
                    }, .write)
                let answers = try await withThrowingTaskGroup(of: String.self) { group in
                    for index in 0..<8 {
                        let client = client.at(replicas[index % 2])
                        group.addTask {
                            let json = try await client.get("/\(id)/messages/\(message.id.text)").json
                            return "\(json["status"] ?? "") \(json["finish_reason"] ?? "") \(json["content"] ?? "")"
                        }
                    }
                    return try await group.reduce(into: [String]()) { $0.append($1) }
                }
                #expect(Set(answers) == ["incomplete interrupted half an answer"])
                let events = try await client.events(.GET, "/\(id)/messages/\(message.id.text)/events?after=8")
                #expect(try await events.rest().text == "answer")
                let ledger = try await database.rows(
                    "SELECT source, completion_tokens FROM usage_records WHERE message_id = $1", [message.id.sqlValue])
                #expect(ledger.count == 1)
                #expect(try ledger.first?.get(0, as: String.self) == "estimated")
                #expect(try await database.rows("SELECT 1 FROM message_chunks").isEmpty)
            }
        }
    }

    @Test(
        "Told to end, a replica lets streams finish up to the deadline and then stores what there is",
        arguments: DatabaseMaker.all)
    func shutdown(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            let gate = Gate()
            var fixture = ReplicaFixture(database: database, model: ScriptedModel(["begun ", "never"], gate: gate))
            fixture.finishDeadline = .seconds(10)
            let user = try await Store(database: database).insertTestUser()
            try await fixture.run { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                let id = try await client.conversation()
                let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                _ = try await stream.next()
                gate.open()
                #expect(try await stream.next()?.delta == "begun ")
                await replicas[0].group.triggerGracefulShutdown()
                let events = try await stream.rest()
                #expect(events.last?.type == "message.incomplete")
                #expect(events.last?.message["finish_reason"] as? String == "shutdown")
                #expect(events.last?.message["content"] as? String == "begun ")
            }
        }
    }
}

extension SeededGenerator {
    /// Text of one to four bytes a character, in pieces as a model gives them.
    static func pieces(_ seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        let characters = ["a", "é", "京", "😀", "\n", "\"", "\\", " ", "\u{1}", "ß"]
        return (0..<400).map { _ in
            (0..<Int.random(in: 1...6, using: &random)).map { _ in
                characters[Int.random(in: 0..<characters.count, using: &random)]
            }.joined()
        }
    }
}
