import Foundation
import Glibc
import NIOCore
import ServiceLifecycle
import Testing

@testable import Backend

@Suite("WebSocket", .timeLimit(.minutes(10)))
struct RealtimeTests {
    private func run(
        _ maker: DatabaseMaker,
        _ model: any CompletionModel = ScriptedModel { _, emit in
            for word in ["one ", "two ", "three"] { emit(word) }
            return CompletionEnd(finishReason: "stop")
        }, settings: [String: String] = [:], finishDeadline: Duration = .seconds(30),
        limits: WebSocketConnectionHandler.Limits = .init(),
        _ test: @escaping @Sendable (ReplicaClient, Replica) async throws -> Void
    ) async throws {
        try await maker.with { database in
            var fixture = ReplicaFixture(database: database, model: model)
            fixture.settings = settings
            fixture.finishDeadline = finishDeadline
            fixture.webSocketLimits = limits
            let user = try await Store(database: database).insertTestUser()
            try await fixture.run { replicas in
                try await test(ReplicaClient(port: replicas[0].port, user: user), replicas[0])
            }
        }
    }

    private func open(_ client: ReplicaClient, _ headers: [String] = []) async throws -> WebSocketTestClient {
        let socket = try await WebSocketTestClient(
            port: client.port, headers: ["Authorization: \(client.authorization)"] + headers)
        #expect(socket.status == "101", "\(socket.head)")
        return socket
    }

    @Test("A client that does not answer pings is cut off; one that does stays")
    func pings() async throws {
        var limits = WebSocketConnectionHandler.Limits()
        limits.pingInterval = .milliseconds(200)
        limits.idleTimeout = .seconds(2)
        try await run(DatabaseMaker.all[0], limits: limits) { (client, _) async throws in
            let (silent, alive) = (try await open(client), try await open(client))
            let start = ContinuousClock.now
            // Longer than the time-out, so that the silent one's end comes while this one stays.
            while ContinuousClock.now - start < .seconds(4) {
                let frame = try #require(try await alive.frame(), "the one that answers was cut off")
                #expect(frame.opcode == 9)
                try await alive.send(10, frame.payload)
            }
            var pings = 0
            while let frame = try await silent.frame() {
                if frame.opcode == 9 { pings += 1 }
            }
            #expect(pings > 0)
            try await alive.send(#"{"type":"ping"}"#)
            #expect(try await alive.message()?.type == "pong")
        }
    }

    @Test("A client that takes nothing of what it asks for is cut off")
    func writeTimeout() async throws {
        var limits = WebSocketConnectionHandler.Limits()
        limits.pingInterval = .milliseconds(200)
        limits.writeTimeout = .seconds(1)
        try await run(DatabaseMaker.all[0], limits: limits) { (client, _) async throws in
            let socket = try await open(client)
            // More than all buffers between the two hold; then it waits, until the connection is closed.
            let error = await #expect(throws: RawConnection.Failure.self) { try await socket.flood(bytes: 200_000_000) }
            #expect(error?.number == EPIPE || error?.number == ECONNRESET)
            // Others are served meanwhile and after.
            let other = try await open(client)
            try await other.send(#"{"type":"ping"}"#)
            #expect(try await other.message()?.type == "pong")
        }
    }

    @Test(
        "Answers come as the events of streams, several over one connection, each named by its request",
        arguments: DatabaseMaker.all)
    func answers(maker: DatabaseMaker) async throws {
        try await run(maker) { client, _ in
            let socket = try await open(client)
            #expect(socket.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
            let ids = [try await client.conversation(), try await client.conversation()]
            for (index, id) in ids.enumerated() {
                try await socket.send(
                    #"{"type":"message.create","conversation_id":"\#(id)","content":"q","request_id":"r\#(index)"}"#)
            }
            var texts: [String: String] = [:]
            var names: [String: String] = [:]
            var ended: [String: String] = [:]
            while ended.count < 2 {
                let message = try #require(try await socket.message())
                switch message.type {
                case "message.created":
                    let id = try #require(message.message["id"] as? String)
                    names[id] = message.requestID
                case "message.delta":
                    let id = try #require(message.json["message_id"] as? String)
                    #expect(message.json["offset"] as? Int == texts[id, default: ""].utf8.count)
                    texts[id, default: ""] += message.delta
                default:
                    #expect(message.type == "message.completed")
                    let id = try #require(message.message["id"] as? String)
                    ended[id] = message.requestID
                }
            }
            #expect(Set(names.values) == ["r0", "r1"])
            #expect(ended == names)
            #expect(Array(texts.values) == ["one two three", "one two three"])
            try await socket.send(#"{"type":"ping","request_id":"p"}"#)
            let pong = try #require(try await socket.message())
            #expect(pong.type == "pong" && pong.requestID == "p")
        }
    }

    @Test("An answer is stopped and resumed over another connection", arguments: DatabaseMaker.all)
    func stopAndResume(maker: DatabaseMaker) async throws {
        let gate = Gate()
        try await run(maker, ScriptedModel(["ab", "cd", "ef"], gate: gate)) { client, _ in
            let id = try await client.conversation()
            let first = try await open(client)
            try await first.send(#"{"type":"message.create","conversation_id":"\#(id)","content":"q"}"#)
            let message = try #require(try await first.message()?.message["id"] as? String)
            gate.open()
            #expect(try await first.message()?.delta == "ab")
            first.end()
            let second = try await open(client)
            try await second.send(
                #"{"type":"message.resume","conversation_id":"\#(id)","message_id":"\#(message)","after":1}"#)
            #expect(try await second.message()?.delta == "b")
            gate.open()
            #expect(try await second.message()?.delta == "cd")
            try await second.send(
                #"{"type":"message.stop","conversation_id":"\#(id)","message_id":"\#(message)","request_id":"s"}"#)
            let messages = [try await second.message(), try await second.message()].compactMap(\.self)
            #expect(Set(messages.map(\.type)) == ["message.incomplete", "message.stopped"])
            for message in messages { #expect(message.message["content"] as? String == "abcd") }
        }
    }

    @Test("Who opens it says who it is by header, by protocol, or by the first message", arguments: DatabaseMaker.all)
    func authentication(maker: DatabaseMaker) async throws {
        try await run(maker) { client, _ in
            let refused = try await WebSocketTestClient(port: client.port, headers: ["Authorization: Bearer nonsense"])
            #expect(refused.status == "401")
            #expect(try await refused.body().contains("invalid_token"))

            let byProtocol = try await WebSocketTestClient(
                port: client.port, headers: ["Sec-WebSocket-Protocol: chat, bearer.\(client.user.text)"])
            #expect(byProtocol.status == "101")
            #expect(byProtocol.head.contains("Sec-WebSocket-Protocol: chat\r\n"))

            let id = try await client.conversation()
            let create = #"{"type":"message.create","conversation_id":"\#(id)","content":"q"}"#
            let late = try await WebSocketTestClient(port: client.port)
            try await late.send(#"{"type":"auth","token":"\#(client.user.text)"}"#)
            #expect(try await late.message()?.type == "authenticated")
            try await late.send(create)
            #expect(try await late.message()?.type == "message.created")

            let never = try await WebSocketTestClient(port: client.port)
            try await never.send(create)
            #expect(try await never.message()?.code == "invalid_token")
            #expect(try await never.closeCode() == 1008)

            let silent = try await WebSocketTestClient(port: client.port)
            #expect(try await silent.closeCode() == 1008)
        }
    }

    @Test(
        "Pages of foreign origins are refused; the service's own and the listed ones are not",
        arguments: DatabaseMaker.all)
    func origins(maker: DatabaseMaker) async throws {
        try await run(maker, settings: ["CORS_ORIGINS": "https://app.example.com"]) { client, _ in
            for (origin, status) in [
                ("https://evil.example", "403"), ("https://app.example.com", "101"),
                ("http://127.0.0.1:\(client.port)", "101"), ("null", "403"),
                ("https://app.example.com.evil.example", "403"),
            ] {
                let socket = try await WebSocketTestClient(
                    port: client.port, headers: ["Origin: \(origin)", "Authorization: \(client.authorization)"])
                #expect(socket.status == status, "\(origin)")
            }
        }
    }

    @Test("What is no request for a WebSocket gets the reason", arguments: DatabaseMaker.all)
    func badRequests(maker: DatabaseMaker) async throws {
        try await run(maker) { client, _ in
            let plain = try await RawConnection.get("/ws/chat", port: client.port)
            #expect(plain.hasPrefix("HTTP/1.1 426 "))
            let connection = try RawConnection(port: client.port)
            try await connection.send(
                "GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 8\r\n\r\n")
            let old = try await connection.receive { $0.contains("websocket_version") }
            #expect(old.hasPrefix("HTTP/1.1 426 "))
            #expect(old.lowercased().contains("sec-websocket-version: 13"))
            let elsewhere = try await WebSocketTestClient(port: client.port, path: "/ws/other")
            #expect(elsewhere.status == "404")
        }
    }

    @Test("What breaks the protocol ends with the code that says so", arguments: DatabaseMaker.all)
    func violations(maker: DatabaseMaker) async throws {
        try await run(maker) { client, _ in
            let cases: [(String, Int, @Sendable (WebSocketTestClient) async throws -> Void)] = [
                ("unmasked", 1002, { try await $0.send(1, Array("{}".utf8), isMasked: false) }),
                ("binary", 1003, { try await $0.send(2, [1, 2, 3]) }),
                ("not UTF-8", 1007, { try await $0.send(1, [0xFF, 0xFE]) }),
                ("nothing to continue", 1002, { try await $0.send(0, [0x41]) }),
                ("unknown opcode", 1002, { try await $0.send(3, [0x41]) }),
                ("long ping", 1002, { try await $0.send(9, [UInt8](repeating: 0, count: 126)) }),
                (
                    "too many fragments", 1009,
                    {
                        try await $0.send(1, [0x20], isFinal: false)
                        for _ in 0..<600 { try await $0.send(0, [0x20], isFinal: false) }
                    }
                ),
                (
                    "too large", 1009,
                    { try await $0.send(1, [UInt8](repeating: 0x20, count: 2 * 1024 * 1024 + 1)) }
                ),
            ]
            for (name, code, violate) in cases {
                let socket = try await open(client)
                try? await violate(socket)  // It may be cut off in the middle.
                #expect(try await socket.closeCode() == code, "\(name)")
            }
            let polite = try await open(client)
            try await polite.send(9, Array("hi".utf8))
            let pong = try #require(try await polite.frame())
            #expect(pong.opcode == 10 && pong.payload == Array("hi".utf8))
            try await polite.send(8, [0x03, 0xE8])
            #expect(try await polite.closeCode() == 1000)
            #expect(try await polite.frame() == nil)
        }
    }

    @Test(
        "A message in fragments is one message; what is wrong with a command is told and the connection lives",
        arguments: DatabaseMaker.all)
    func commands(maker: DatabaseMaker) async throws {
        try await run(maker) { client, _ in
            let socket = try await open(client)
            try await socket.send(1, Array(#"{"type":"#.utf8), isFinal: false)
            try await socket.send(9, [])
            try await socket.send(0, Array(#""ping"}"#.utf8))
            #expect(try await socket.message()?.type == "pong")
            for (command, code) in [
                ("{", "invalid_json"), (#"{"type":"dance"}"#, "invalid_value"),
                (#"{"type":"ping","x":1}"#, "unknown_parameter"),
                (#"{"type":"message.create","content":"q"}"#, "missing_required_parameter"),
                (
                    #"{"type":"message.create","content":"q","conversation_id":"\#(UUID().text)"}"#,
                    "conversation_not_found"
                ),
            ] {
                try await socket.send(command)
                let reply = try #require(try await socket.message())
                #expect(reply.type == "error")
                #expect(reply.code == code, "\(command)")
            }
        }
    }

    @Test("A service that ends closes connections once their answers have ended", arguments: DatabaseMaker.all)
    func shutdown(maker: DatabaseMaker) async throws {
        let gate = Gate()
        try await run(maker, ScriptedModel(["a", "b"], gate: gate)) { client, replica in
            let id = try await client.conversation()
            let idle = try await open(client)
            let busy = try await open(client)
            try await busy.send(#"{"type":"message.create","conversation_id":"\#(id)","content":"q"}"#)
            #expect(try await busy.message()?.type == "message.created")
            await replica.group.triggerGracefulShutdown()
            #expect(try await idle.closeCode() == 1001)
            idle.end()
            gate.openForGood()
            var types: [String] = []
            while let frame = try await busy.frame() {
                if frame.closeCode != nil {
                    #expect(frame.closeCode == 1001)
                    break
                }
                let object = try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any]
                types.append(object?["type"] as? String ?? "")
            }
            #expect(types.last == "message.completed")
        }
    }
}
