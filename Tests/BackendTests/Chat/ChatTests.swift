import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("Chat", .timeLimit(.minutes(10)))
struct ChatTests {
    /// A model that answers at once.
    private static func quick() -> ScriptedModel {
        ScriptedModel { request, emit in
            for word in ["It ", "is ", "so: ", request.turns.last?.content ?? ""] { emit(word) }
            return CompletionEnd(finishReason: "stop", usage: .init(promptTokens: 5, completionTokens: 4))
        }
    }

    private func run(
        _ maker: DatabaseMaker, _ model: any CompletionModel, policy: GenerationPolicy = GenerationPolicy(),
        _ test: @escaping @Sendable (ReplicaClient, Replica) async throws -> Void
    ) async throws {
        try await maker.with { database in
            let fixture = ReplicaFixture(database: database, model: model, policy: policy)
            let user = try await Store(database: database).insertTestUser()
            try await fixture.run { replicas in
                try await test(ReplicaClient(port: replicas[0].port, user: user), replicas[0])
            }
        }
    }

    @Test("A message is answered as JSON and as events, and stored with what it took", arguments: DatabaseMaker.all)
    func answers(maker: DatabaseMaker) async throws {
        let model = Self.quick()
        try await run(maker, model) { client, replica in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"Hello \"you\"\n😀"}"#)
            #expect(answer.status == 201)
            #expect(answer.message["content"] as? String == "It is so: Hello \"you\"\n😀")
            #expect(answer.message["status"] as? String == "completed")
            #expect(answer.message["model"] as? String == "test-model")
            let usage = try #require(answer.message["usage"] as? [String: Any])
            #expect(usage["total_tokens"] as? Int == 9)
            #expect(usage["source"] as? String == "reported")

            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"again"}"#)
            #expect(stream.headers.first(name: "content-type") == "text/event-stream; charset=utf-8")
            let events = try await stream.rest()
            let created = try #require(events.first)
            #expect(created.type == "message.created")
            #expect((created.json["user_message"] as? [String: Any])?["content"] as? String == "again")
            #expect(events.text == "It is so: again")
            let last = try #require(events.last)
            #expect(last.type == "message.completed")
            #expect(last.message["content"] as? String == "It is so: again")
            let messageID = try #require(created.message["id"] as? String)
            #expect(last.id == "\(messageID):15")
            for event in events { #expect(event.json["event_id"] as? String == event.id) }

            // The model is told the whole branch.
            #expect(
                model.requests.last?.turns.map(\.content) == [
                    "Hello \"you\"\n😀", "It is so: Hello \"you\"\n😀", "again",
                ])
            let shown = try await client.get("/\(id)/messages").list
            #expect(shown.count == 4)
            let ledger = try await replica.chat.chat.access.store.database.rows(
                "SELECT completion_tokens, source, outcome FROM usage_records WHERE source = 'reported'")
            #expect(ledger.count == 2)
            let titled = try await eventually {
                try await client.get("/\(id)").json["title"] as? String == "A fine title"
            }
            #expect(titled)
        }
    }

    @Test(
        "A title that the user set stays, and without the model the first words are the title",
        arguments: DatabaseMaker.all)
    func titles(maker: DatabaseMaker) async throws {
        let model = ScriptedModel { _, emit in
            emit("yes")
            return CompletionEnd(finishReason: "stop")
        }
        try await run(maker, model) { client, _ in
            let mine = try await client.post("", #"{"title":"Mine"}"#).id
            _ = try await client.post("/\(mine)/messages", #"{"content":"x"}"#)
            let other = try await client.conversation()
            _ = try await client.post("/\(other)/messages", #"{"content":"x"}"#)
            #expect(
                try await eventually {
                    try await client.get("/\(other)").json["title_source"] as? String == "automatic"
                })
            #expect(try await client.get("/\(mine)").json["title"] as? String == "Mine")
        }
        #expect(TitleText.firstWords(of: " What  is\nthe answer? ") == "What is the answer?")
        #expect(TitleText.firstWords(of: String(repeating: "word ", count: 30))?.count == 60)
        #expect(TitleText.firstWords(of: String(repeating: "字", count: 100)) == String(repeating: "字", count: 60) + "…")
        #expect(TitleText.firstWords(of: "  ") == nil)
        #expect(TitleText.cleaned("\n \"Weather in 北京.\" \nmore") == "Weather in 北京")
        #expect(TitleText.cleaned("\"\"") == nil)
    }

    @Test("An edited message and a regenerated answer stand beside the first ones", arguments: DatabaseMaker.all)
    func siblings(maker: DatabaseMaker) async throws {
        try await run(maker, Self.quick()) { client, _ in
            let id = try await client.conversation()
            let first = try await client.post("/\(id)/messages", #"{"content":"one"}"#)
            let question = try #require((first.json["user_message"] as? [String: Any])?["id"] as? String)
            let answer = try #require(first.message["id"] as? String)
            _ = try await client.post("/\(id)/messages", #"{"content":"two"}"#)

            let again = try await client.post("/\(id)/messages/\(answer)/regenerate", #"{"model":"other"}"#)
            #expect(again.status == 201)
            #expect(again.message["parent_id"] as? String == question)
            #expect(again.message["model"] as? String == "other")
            #expect(try await client.get("/\(id)/messages").list.count == 2)

            let edited = try await client.post("/\(id)/messages/\(question)/edit", #"{"content":"uno"}"#)
            #expect(edited.message["content"] as? String == "It is so: uno")
            let shown = try await client.get("/\(id)/messages").list
            #expect(shown.compactMap { $0["content"] as? String } == ["It is so: uno", "uno"])
            #expect((shown.last?["siblings"] as? [String: Any])?["count"] as? Int == 2)

            // Another first message, and one after an earlier answer.
            let fresh = try await client.post("/\(id)/messages", #"{"content":"new","parent_id":null}"#)
            #expect((fresh.json["user_message"] as? [String: Any])?["parent_id"] is NSNull)
            let after = try await client.post("/\(id)/messages", #"{"content":"x","parent_id":"\#(answer)"}"#)
            #expect((after.json["user_message"] as? [String: Any])?["parent_id"] as? String == answer)

            for (path, body, code) in [
                ("/\(id)/messages/\(answer)/edit", #"{"content":"x"}"#, "not_a_user_message"),
                ("/\(id)/messages", #"{"content":"x","parent_id":"\#(question)"}"#, "not_an_answer"),
                ("/\(id)/messages", #"{"content":"x","parent_id":"\#(UUID().text)"}"#, "message_not_found"),
                ("/\(id)/messages", #"{"content":" "}"#, "invalid_value"),
                ("/\(id)/messages", #"{"content":"x","temperature":1}"#, "unknown_parameter"),
                ("/\(UUID().text)/messages", #"{"content":"x"}"#, "conversation_not_found"),
                (
                    "/\(id)/messages", #"{"content":"\#(String(repeating: "x", count: 262_145))"}"#, "invalid_value"
                ),
            ] {
                #expect(try await client.post(path, body).code == code)
            }
        }
    }

    @Test(
        "What the upstream refuses is a failed answer; the user's message stays and can be answered again",
        arguments: DatabaseMaker.all)
    func failures(maker: DatabaseMaker) async throws {
        let model = ScriptedModel { request, emit in
            guard request.turns.count > 1 || request.model == "good" else {
                throw CompletionFailure(code: "rate_limit_exceeded", detail: "too many")
            }
            emit("now")
            return CompletionEnd(finishReason: "stop")
        }
        try await run(maker, model) { client, replica in
            let id = try await client.conversation()
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            let events = try await stream.rest()
            #expect(events.map(\.type) == ["message.created", "message.failed"])
            let failed = try #require(events.last?.message)
            #expect((failed["error"] as? [String: Any])?["code"] as? String == "rate_limit_exceeded")
            let answer = try #require(failed["id"] as? String)
            let again = try await client.post("/\(id)/messages/\(answer)/regenerate", #"{"model":"good"}"#)
            #expect(again.message["content"] as? String == "now")
            let shown = try await client.get("/\(id)/messages").list
            #expect(shown.compactMap { $0["content"] as? String } == ["now", "q"])
            let source = try await replica.chat.chat.access.store.database.rows(
                "SELECT source FROM usage_records WHERE outcome = 'failed'")
            #expect(try source.first?.get(0, as: String.self) == "zero")
        }
    }

    @Test(
        "One answer at a time in a conversation; others are refused with the one that runs",
        arguments: DatabaseMaker.all)
    func oneAtATime(maker: DatabaseMaker) async throws {
        let gate = Gate()
        try await run(maker, ScriptedModel(["a", "b"], gate: gate)) { client, _ in
            let id = try await client.conversation()
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            let created = try #require(try await stream.next())
            let running = try #require(created.message["id"] as? String)
            for path in ["/\(id)/messages", "/\(id)/messages/\(running)/regenerate"] {
                let refused = try await client.post(path, path.hasSuffix("messages") ? #"{"content":"r"}"# : nil)
                #expect(refused.status == 409)
                #expect(refused.code == "generation_in_progress")
            }
            #expect(try await client.post("/\(id)/messages/\(running)/fork").code == "message_in_progress")
            gate.openForGood()
            let events = try await stream.rest()
            #expect(events.text == "ab")
        }
    }

    @Test("Stop ends an answer with what there is; stopping again changes nothing", arguments: DatabaseMaker.all)
    func stop(maker: DatabaseMaker) async throws {
        let gate = Gate()
        let model = ScriptedModel(["one ", "two ", "three"], gate: gate)
        try await run(maker, model) { client, _ in
            let id = try await client.conversation()
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            let created = try #require(try await stream.next())
            let message = try #require(created.message["id"] as? String)
            gate.open(2)
            var text = ""
            while text != "one two " { text += try #require(try await stream.next()).delta }
            let stopped = try await client.post("/\(id)/messages/\(message)/stop")
            #expect(stopped.status == 200)
            #expect(stopped.json["content"] as? String == "one two ")
            #expect(stopped.json["status"] as? String == "incomplete")
            #expect(stopped.json["finish_reason"] as? String == "stopped")
            let last = try #require(try await stream.rest().last)
            #expect(last.type == "message.incomplete")
            #expect(await eventually { model.cancelled == 1 })
            #expect(
                try await client.post("/\(id)/messages/\(message)/stop").json["finish_reason"] as? String == "stopped")
            let stranger = ReplicaClient(port: client.port, user: UUID())
            #expect(try await stranger.post("/\(id)/messages/\(message)/stop").status == 404)
        }
    }

    @Test("A client that goes before the first token ends the request to the upstream", arguments: DatabaseMaker.all)
    func disconnect(maker: DatabaseMaker) async throws {
        let gate = Gate()
        let model = ScriptedModel(["never"], gate: gate)
        var policy = GenerationPolicy()
        policy.resumeGrace = .zero
        try await run(maker, model, policy: policy) { client, _ in
            for body in [#"{"content":"q","stream":true}"#, #"{"content":"q"}"#] {
                let before = (model.requests.count, model.cancelled)
                let id = try await client.conversation()
                let connection = try RawConnection(port: client.port)
                try await connection.send(
                    "POST /api/v1/conversations/\(id)/messages HTTP/1.1\r\nHost: x\r\nAuthorization: "
                        + "\(client.authorization)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(await eventually { model.requests.count == before.0 + 1 })
                connection.end()
                #expect(await eventually { model.cancelled == before.1 + 1 })
                let stored = try #require(try await client.get("/\(id)/messages").list.first?["id"] as? String)
                let message = try await client.finished(stored, in: id)
                #expect(message["status"] as? String == "incomplete")
                #expect(message["finish_reason"] as? String == "disconnected")
                #expect(message["content"] as? String == "")
            }
        }
    }

    @Test("A client that comes back within the grace gets the rest, exactly", arguments: DatabaseMaker.all)
    func resume(maker: DatabaseMaker) async throws {
        let gate = Gate()
        try await run(maker, ScriptedModel(["Ä", "b😀", "c"], gate: gate)) { client, _ in
            let id = try await client.conversation()
            let (message, lastID) = try await {
                let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                let created = try #require(try await stream.next())
                gate.open()
                let delta = try #require(try await stream.next())
                #expect(delta.delta == "Ä")
                return (try #require(created.message["id"] as? String), delta.id)
            }()
            #expect(lastID == "\(message):2")
            let resumed = try await client.events(
                .GET, "/\(id)/messages/\(message)/events", headers: ["last-event-id": lastID])
            gate.openForGood()
            let events = try await resumed.rest()
            #expect(events.text == "b😀c")
            #expect(events.first?.json["offset"] as? Int == 2)
            #expect(events.last?.type == "message.completed")
            // And after the end, from anywhere.
            for (after, rest) in [("0", "Äb😀c"), ("2", "b😀c"), ("\(message):8", ""), ("999", "")] {
                let late = try await client.events(.GET, "/\(id)/messages/\(message)/events?after=\(after)")
                let events = try await late.rest()
                #expect(events.text == rest)
            }
            for after in ["1", "x", "-1", "\(UUID().text):0"] {
                let refused = try await client.get("/\(id)/messages/\(message)/events?after=\(after)")
                #expect(refused.code == "invalid_offset", "\(after)")
            }
        }
    }

    @Test(
        "The same key and body is the same answer, also at the same time; another body is refused",
        arguments: DatabaseMaker.all)
    func idempotency(maker: DatabaseMaker) async throws {
        let model = ScriptedModel { _, emit in
            emit("once")
            try await Task.sleep(for: .milliseconds(100))
            return CompletionEnd(finishReason: "stop")
        }
        try await run(maker, model) { client, _ in
            let before = model.requests.count
            let id = try await client.conversation()
            let key: HTTPHeaders = ["idempotency-key": "k-1"]
            let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let answer = try await client.send(.POST, "/\(id)/messages", #"{"content":"q"}"#, headers: key)
                        #expect(answer.status == 201, "\(String(buffer: answer.body))")
                        #expect(answer.message["content"] as? String == "once")
                        return answer.message["id"] as? String
                    }
                }
                return try await Set(group.reduce(into: [String?]()) { ids, id in ids.append(id) })
            }
            #expect(ids.count == 1)
            #expect(model.requests.count == before + 1)
            #expect(try await client.get("/\(id)/messages").list.count == 2)
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#, headers: key)
            #expect(stream.headers.first(name: "idempotency-replayed") == "true")
            let events = try await stream.rest()
            #expect(events.text == "once")
            let other = try await client.send(.POST, "/\(id)/messages", #"{"content":"r"}"#, headers: key)
            #expect(other.status == 422)
            #expect(other.code == "idempotency_key_reused")
            for bad in ["", String(repeating: "k", count: 201)] {
                let refused = try await client.send(
                    .POST, "/\(id)/messages", #"{"content":"q"}"#, headers: ["idempotency-key": bad])
                #expect(refused.code == "invalid_idempotency_key")
            }
        }
    }

    @Test("An answer in progress that is deleted with its conversation ends", arguments: DatabaseMaker.all)
    func deletion(maker: DatabaseMaker) async throws {
        let gate = Gate()
        let model = ScriptedModel(["a"], gate: gate)
        try await run(maker, model) { client, _ in
            let id = try await client.conversation()
            let stream = try await client.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
            _ = try await stream.next()
            #expect(try await client.send(.DELETE, "/\(id)").status == 204)
            let events = try await stream.rest()
            #expect(events.last?.type.hasPrefix("message.") == true)
            #expect(await eventually { model.cancelled == 1 })
            #expect(try await client.get("/\(id)").status == 404)
        }
    }

    @Test("Who has reached the limit is refused before anything is stored", arguments: DatabaseMaker.all)
    func limits(maker: DatabaseMaker) async throws {
        try await maker.with { database in
            var fixture = ReplicaFixture(database: database, model: Self.quick())
            fixture.limits = .test(requests: 1)
            let user = try await Store(database: database).insertTestUser()
            try await fixture.run { replicas in
                let client = ReplicaClient(port: replicas[0].port, user: user)
                let id = try await client.conversation()
                let key: HTTPHeaders = ["idempotency-key": "k"]
                let first = try await client.send(.POST, "/\(id)/messages", #"{"content":"q"}"#, headers: key)
                #expect(first.status == 201)
                let refused = try await client.post("/\(id)/messages", #"{"content":"r"}"#)
                #expect(refused.status == 429)
                #expect(refused.code == "rate_limit_exceeded")
                #expect(refused.headers.first(name: "retry-after") != nil)
                #expect(try await client.get("/\(id)/messages").list.count == 2)
                // What was answered once costs nothing again.
                let replay = try await client.send(.POST, "/\(id)/messages", #"{"content":"q"}"#, headers: key)
                #expect(replay.status == 201)
            }
        }
    }

    @Test("An answer that gets longer than is kept ends as incomplete", arguments: DatabaseMaker.all)
    func length(maker: DatabaseMaker) async throws {
        let model = ScriptedModel { _, emit in
            while true {
                emit(String(repeating: "x", count: 400))
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        var policy = GenerationPolicy()
        policy.maximumAnswerBytes = 1_000
        try await run(maker, model, policy: policy) { client, _ in
            let id = try await client.conversation()
            let answer = try await client.post("/\(id)/messages", #"{"content":"q"}"#)
            #expect(answer.message["finish_reason"] as? String == "length")
            #expect((answer.message["content"] as? String)?.count == 800)
        }
    }
}
