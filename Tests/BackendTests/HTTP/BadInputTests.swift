import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("Bad input", .timeLimit(.minutes(10)))
struct BadInputTests {
    /// An operation of the OpenAPI document.
    private struct Operation {
        let id: String
        let method: HTTPRequest.Method
        let path: String
        let takesBody: Bool
    }

    private static func operations(_ client: any TestClientProtocol) async throws -> [Operation] {
        let body = try await client.execute(uri: "/openapi.json", method: .get).body
        let document = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        let paths = try #require(document?["paths"] as? [String: [String: [String: Any]]])
        return paths.flatMap { path, methods in
            methods.compactMap { method, operation in
                HTTPRequest.Method(method.uppercased()).map {
                    Operation(
                        id: operation["operationId"] as? String ?? "", method: $0, path: path,
                        takesBody: operation["requestBody"] != nil)
                }
            }
        }.sorted { $0.id < $1.id }
    }

    private static let deep = String(repeating: "[", count: 2_000) + String(repeating: "]", count: 2_000)

    @Test("No operation that takes a body takes one that is broken, too deep or too large, or that holds NUL")
    func bodies() async throws {
        let bodies: [(String, [UInt8], Set<Int>)] = [
            ("nothing but a brace", Array("{".utf8), [400]),
            ("a NUL byte", Array("{\"a\":\"\0\"}".utf8), [400]),
            ("an escaped NUL", Array(#"{"a":"\u0000"}"#.utf8), [400]),
            ("invalid UTF-8", Array("{\"a\":\"".utf8) + [0xFF, 0xC0] + Array("\"}".utf8), [400]),
            ("half a surrogate", Array("{\"a\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8), [400]),
            ("deep nesting", Array("{\"a\":\(Self.deep)}".utf8), [400]),
            ("an array", Array("[]".utf8), [400, 422]), ("a string", Array("\"text\"".utf8), [400, 422]),
            ("an unknown member", Array(#"{"surprise":1}"#.utf8), [400, 422]),
            ("11 MB", Array(repeating: UInt8(ascii: " "), count: 11 << 20), [413]),
        ]
        try await BackendFixture(["RATE_LIMIT_REQUESTS_PER_MINUTE": "0"]).api { api in
            let things = try await Things(api, "ada@example.com")
            for operation in try await Self.operations(api.client) where operation.takesBody {
                for (name, bytes, statuses) in bodies {
                    let answer = try await api.client.execute(
                        uri: things.fill(operation.path), method: operation.method,
                        headers: [.authorization: "Bearer \(things.access)", .contentType: "application/json"],
                        body: ByteBuffer(bytes: bytes))
                    // Who may not, is not read.
                    let expected = operation.path.hasPrefix("/api/v1/users/{user}") ? [403, 413] : statuses
                    #expect(expected.contains(answer.status.code), "\(operation.id), \(name): \(answer.status)")
                    #expect((answer.error?["message"] as? String)?.hasSuffix(".") == true, "\(operation.id), \(name)")
                }
            }
            #expect(try await things.snapshot(api) == things.before)
        }
    }

    @Test("Whatever of somebody else's is named, it is as if it were not there, and nothing changes")
    func strangers() async throws {
        let bodies = [
            "sendMessage": #"{"content":"mine"}"#, "editMessage": #"{"content":"mine"}"#,
            "updateConversation": #"{"title":"mine"}"#, "updateUser": #"{"role":"admin"}"#,
        ]
        try await BackendFixture().api { api in
            let things = try await Things(api, "ada@example.com")
            let stranger = try await api.register("eve@example.com").access
            var count = 0
            for operation in try await Self.operations(api.client)
            where operation.path.contains("{") && !operation.path.contains("{model}") {
                let body = bodies[operation.id]
                let answer = try await api.send(
                    operation.method, things.fill(operation.path), body, as: stranger,
                    headers: body == nil ? [:] : [.contentType: "application/json"])
                #expect(answer.status == (operation.path.contains("{user}") ? 403 : 404), "\(operation.id)")
                let nowhere = operation.path.replacing(/{\w+}/, with: "01a21096-7a60-7783-94bd-000000000000")
                let absent = try await api.send(
                    operation.method, nowhere, body, as: stranger,
                    headers: body == nil ? [:] : [.contentType: "application/json"])
                #expect(absent.text == answer.text, "\(operation.id)")
                for odd in ["nonsense", "%00", "%FF", "..%2F..", "'%20OR%201=1--"] {
                    let path = operation.path.replacing(/{\w+}/, with: odd)
                    let answer = try await api.send(
                        operation.method, path, body, as: things.access,
                        headers: body == nil ? [:] : [.contentType: "application/json"])
                    #expect([400, 403, 404].contains(answer.status), "\(operation.id) \(path): \(answer.text)")
                }
                count += 1
            }
            #expect(count > 15)
            #expect(try await things.snapshot(api) == things.before)
        }
    }

    @Test("A stranger stops nobody's stream, neither by request nor over a WebSocket")
    func stoppedStranger() async throws {
        let gate = Gate()
        try await DatabaseMaker.sqlite.with { database in
            let store = Store(database: database)
            let users = (try await store.insertTestUser(), try await store.insertTestUser())
            let fixture = ReplicaFixture(database: database, model: ScriptedModel(["ab", "cd"], gate: gate))
            try await fixture.run { replicas in
                let owner = ReplicaClient(port: replicas[0].port, user: users.0)
                let stranger = ReplicaClient(port: replicas[0].port, user: users.1)
                let id = try await owner.conversation()
                let events = try await owner.events(.POST, "/\(id)/messages", #"{"content":"q"}"#)
                let message = try #require(try await events.next()?.message["id"] as? String)
                gate.open()
                #expect(try await events.next()?.delta == "ab")

                #expect(try await stranger.post("/\(id)/messages/\(message)/stop").status == 404)
                #expect(try await stranger.get("/\(id)/messages/\(message)/events").status == 404)
                let own = try await stranger.conversation()
                #expect(try await stranger.post("/\(own)/messages/\(message)/stop").status == 404)
                let socket = try await WebSocketTestClient(
                    port: stranger.port, headers: ["Authorization: \(stranger.authorization)"])
                for (type, place) in [("message.stop", id), ("message.resume", id), ("message.stop", own)] {
                    try await socket.send(
                        #"{"type":"\#(type)","conversation_id":"\#(place)","message_id":"\#(message)"}"#)
                    #expect(try await socket.message()?.type == "error")
                }
                gate.openForGood()
                let rest = try await events.rest()
                #expect(rest.text == "cd" && rest.last?.type == "message.completed")
            }
        }
    }

    @Test("A redirect of the model's server is followed by nobody, and its target is not told")
    func redirects() async throws {
        try await ScriptedUpstream.run { _ in
            .completion
        } _: { inside in
            let answer: @Sendable (ScriptedRequest) -> ScriptedAnswer = { _ in
                .json("{}", status: .temporaryRedirect, headers: ["location": "\(inside.url)/secret"])
            }
            try await ScriptedUpstream.run(answer) { upstream in
                try await LiveBackend.run(upstream) { (backend) async throws in
                    let url = "http://169.254.169.254/latest"
                    let body =
                        #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"\#(url)"}}]}]}"#
                    let answer = try await backend.post("/v1/chat/completions", body)
                    #expect(answer.status == 502, "\(answer.text)")
                    #expect(answer.headers["location"].isEmpty && !answer.text.contains(inside.url))
                    // An address from a user is text for the model's server.
                    #expect(upstream.requests.contains { $0.body.contains(url) })

                    let made = try await backend.post("/api/v1/conversations", "{}")
                    let id = try #require(made.object["id"] as? String)
                    let chat = try await backend.post("/api/v1/conversations/\(id)/messages", #"{"content":"q"}"#)
                    #expect((chat.object["message"] as? [String: Any])?["status"] as? String == "failed")
                    #expect(try await backend.get("/v1/models").status == 502)
                    #expect(inside.requests.isEmpty)
                }
            }
        }
    }

    @Test("Line ends in what users write reach no header: file names, ids, mail")
    func headerInjection() async throws {
        try await BackendFixture().api { api in
            let session = try await api.register("ada@example.com")
            let made = try await api.post(
                "/api/v1/conversations", ["title": "a\r\nSet-Cookie: x=1\r\n\r\n\"<b>"], as: session.access)
            #expect(made.status == 201)
            let export = try await api.get("/api/v1/conversations/\(made.string("id"))/export", as: session.access)
            #expect(export.status == 200)
            for field in export.headers {
                #expect(!field.value.contains("\r") && !field.value.contains("\n"), "\(field.name)")
                #expect(field.name != .setCookie)
            }
        }
    }
}

/// Things of one user: one of each kind that routes name.
private struct Things {
    let access: String
    let ids: [String: String]
    private(set) var before = ""

    init(_ api: APIClient, _ email: String) async throws {
        let session = try await api.register(email)
        access = session.access
        let conversation = try await api.post("/api/v1/conversations", ["title": "Engines"], as: access).string("id")
        let answer = try await api.post(
            "/api/v1/conversations/\(conversation)/messages", ["content": "Hello"], as: access)
        let message = (answer.object["message"] as? [String: Any])?["id"] as? String
        ids = [
            "conversation": conversation, "message": try #require(message), "user": session.user,
            "key": try await api.makeKey(access).id,
        ]
        before = try await snapshot(api)
    }

    func fill(_ path: String) -> String {
        ids.reduce(path) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    /// All that there is of the user, as text.
    func snapshot(_ api: APIClient) async throws -> String {
        var text = ""
        for path in ["/api/v1/users/me", "/api/v1/api-keys", "/api/v1/conversations/export"] {
            text += try await api.get(path, as: access).text
        }
        // These say when they were asked for, or used.
        return text.replacing(/"(exported_at|last_used_at)":("[^"]*"|null)/, with: "")
    }
}
