import Foundation
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Backend

@Suite("Conversations", .timeLimit(.minutes(10)))
struct ConversationTests {
    @Test("One is made, read, changed and deleted", arguments: DatabaseMaker.all)
    func lifeCycle(maker: DatabaseMaker) async throws {
        try await ConversationFixture(maker).run { caller, _ in
            let created = try await caller.post("", #"{"model":"m","system_prompt":"Be brief."}"#)
            #expect(created.status == .created)
            #expect(created.headers[.location] == "/api/v1/conversations/\(created.id)")
            #expect(created.json["title"] as? String == "New conversation")
            #expect(created.json["title_source"] as? String == "default")
            #expect(created.json["head_message_id"] is NSNull)

            let changed = try await caller.send(.patch, "/\(created.id)", #"{"title":"Größe\nja","model":null}"#)
            #expect(changed.status == .ok)
            #expect(changed.json["title"] as? String == "Größe ja")
            #expect(changed.json["title_source"] as? String == "user")
            #expect(changed.json["model"] is NSNull)
            #expect(changed.json["system_prompt"] as? String == "Be brief.")
            #expect(try await caller.get("/\(created.id)").json["title"] as? String == "Größe ja")

            #expect(try await caller.send(.delete, "/\(created.id)").status == .noContent)
            #expect(try await caller.get("/\(created.id)").code == "conversation_not_found")
            #expect(try await caller.send(.delete, "/\(created.id)").status == .notFound)
        }
    }

    @Test("What is wrong with a body is told by field, and changes nothing", arguments: DatabaseMaker.all)
    func badBodies(maker: DatabaseMaker) async throws {
        try await ConversationFixture(maker).run { caller, _ in
            let long = String(repeating: "x", count: 801)
            for (body, status, param) in [
                (#"{"title":"\#(long)"}"#, HTTPResponse.Status.unprocessableContent, "title"),
                (#"{"title":"  "}"#, .unprocessableContent, "title"), (#"{"title":5}"#, .unprocessableContent, "title"),
                (#"{"colour":"red"}"#, .unprocessableContent, "colour"), (#"{"title":"#, .badRequest, nil),
                (#"{"title":"a\u0000b"}"#, .badRequest, nil), ("", .badRequest, nil),
                (#"{"model":""}"#, .unprocessableContent, "model"),
            ] {
                let answer = try await caller.post("", body)
                #expect(answer.status == status, "\(body.prefix(40))")
                #expect(answer.param == param, "\(body.prefix(40))")
            }
            #expect(try await caller.get("").list.isEmpty)
            let conversation = try await caller.post("", "{}")
            #expect(
                try await caller.send(.patch, "/\(conversation.id)", #"{"title":null}"#).status == .unprocessableContent
            )
        }
    }

    @Test("Somebody else's conversation is not there, whatever is done to it", arguments: DatabaseMaker.all)
    func strangers(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, stranger in
            let id = try await caller.post("", "{}").id
            let message = try await fixture.add(.user, "secret", to: id)
            let attempts: [(HTTPRequest.Method, String, String?)] = [
                (.get, "/\(id)", nil), (.patch, "/\(id)", #"{"title":"mine"}"#), (.delete, "/\(id)", nil),
                (.get, "/\(id)/messages", nil), (.get, "/\(id)/messages/\(message)", nil), (.get, "/\(id)/export", nil),
                (.post, "/\(id)/messages/\(message)/fork", nil), (.post, "/\(id)/messages/\(message)/select", nil),
            ]
            for (method, path, body) in attempts {
                let answer = try await stranger.send(method, path, body)
                #expect(answer.status == .notFound, "\(method) \(path)")
                #expect(answer.code == "conversation_not_found", "\(method) \(path)")
            }
            #expect(try await stranger.get("?query=secret").list.isEmpty)
            #expect(!String(buffer: try await stranger.get("/export").body).contains("secret"))
            // A message of one conversation is not one of another.
            let other = try await stranger.post("", "{}").id
            #expect(try await stranger.get("/\(other)/messages/\(message)").code == "message_not_found")
            #expect(try await stranger.get("/not-an-id").status == .notFound)
            #expect(try await caller.get("/\(id)").json["title"] as? String == "New conversation")
        }
    }

    @Test("Pages go through all of them once, the last used first", arguments: DatabaseMaker.all)
    func pages(maker: DatabaseMaker) async throws {
        try await ConversationFixture(maker).run { caller, stranger in
            _ = try await stranger.post("", "{}")
            var made: [String] = []
            for _ in 0..<7 { made.append(try await caller.post("", "{}").id) }
            _ = try await caller.send(.patch, "/\(made[2])", #"{"title":"used last"}"#)
            var seen: [String] = []
            var path = "?limit=3"
            while true {
                let page = try await caller.get(path)
                #expect(page.list.count <= 3)
                seen += page.list.compactMap { $0["id"] as? String }
                guard let cursor = page.json["next_cursor"] as? String else { break }
                path = "?limit=3&cursor=\(cursor)"
            }
            #expect(Set(seen) == Set(made))
            #expect(seen.count == 7)
            #expect(seen.first == made[2])
            #expect(Array(seen.dropFirst()) == made.filter { $0 != made[2] }.reversed())
            for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%00", "query=%00"] {
                #expect(try await caller.get("?\(query)").code == "invalid_query", "\(query)")
            }
        }
    }

    @Test(
        "Search finds text in titles and messages in any case and script; wildcards are letters",
        arguments: DatabaseMaker.all)
    func search(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, _ in
            let titled = try await caller.post("", #"{"title":"Die ÄRZTE 100% live_1"}"#).id
            let spoken = try await caller.post("", #"{"title":"other"}"#).id
            try await fixture.add(.user, "请告诉我北京的天气。C++ rocks", to: spoken)
            for (query, found) in [
                ("%C3%A4rzte", [titled]), ("%E5%8C%97%E4%BA%AC", [spoken]), ("100%25", [titled]), ("1%25l", []),
                ("e_1", [titled]), ("o_her", []), ("OTHER", [spoken]), ("ROCKS", [spoken]), ("c%2B%2B+r", [spoken]),
                ("'%20OR%201=1--", []), ("%5C", []), ("", [spoken, titled]),
            ] {
                let list = try await caller.get("?query=\(query)").list.compactMap { $0["id"] as? String }
                #expect(Set(list) == Set(found), "\(query)")
            }
        }
    }

    @Test(
        "Messages are listed along the shown branch with their siblings; branches are switched and forked",
        arguments: DatabaseMaker.all)
    func branches(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, _ in
            let id = try await caller.post("", #"{"title":"tree","model":"m"}"#).id
            #expect(try await caller.get("/\(id)/messages").list.isEmpty)
            let question = try await fixture.add(.user, "q", to: id)
            let answer1 = try await fixture.add(.assistant, "a1", to: id, after: question)
            let more = try await fixture.add(.user, "more", to: id, after: answer1)
            let end = try await fixture.add(.assistant, "end", to: id, after: more)
            let answer2 = try await fixture.add(.assistant, "a2", to: id, after: question)

            func shown(_ query: String = "") async throws -> [String] {
                try await caller.get("/\(id)/messages\(query)").list.compactMap { $0["content"] as? String }
            }
            #expect(try await shown() == ["a2", "q"])
            let first = try #require(try await caller.get("/\(id)/messages").list.first)
            let siblings = try #require(first["siblings"] as? [String: Any])
            #expect(siblings["count"] as? Int == 2)
            #expect(siblings["index"] as? Int == 1)
            #expect(siblings["ids"] as? [String] == [answer1, answer2])

            // The newest end of the branch that the message is on.
            let selected = try await caller.post("/\(id)/messages/\(answer1)/select")
            #expect(selected.json["head_message_id"] as? String == end)
            #expect(try await shown() == ["end", "more", "a1", "q"])

            let page = try await caller.get("/\(id)/messages?limit=3")
            #expect(page.list.compactMap { $0["content"] as? String } == ["end", "more", "a1"])
            let cursor = try #require(page.json["next_cursor"] as? String)
            let last = try await caller.get("/\(id)/messages?limit=3&cursor=\(cursor)")
            #expect(last.list.compactMap { $0["content"] as? String } == ["q"])
            #expect(last.json["next_cursor"] is NSNull)

            let fork = try await caller.post("/\(id)/messages/\(more)/fork", #"{"title":"copy"}"#)
            #expect(fork.status == .created)
            #expect(fork.json["model"] as? String == "m")
            let copied = try await caller.get("/\(fork.id)/messages").list
            #expect(copied.compactMap { $0["content"] as? String } == ["more", "a1", "q"])
            #expect(Set(copied.compactMap { $0["id"] as? String }).isDisjoint(with: [question, answer1, more]))
            #expect(try await caller.send(.delete, "/\(id)").status == .noContent)
            #expect(try await caller.get("/\(fork.id)/messages").list.count == 3)
        }
    }

    @Test("Without a proof of who calls there is nothing", arguments: DatabaseMaker.all)
    func unauthenticated(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, _ in
            let response = try await caller.client.execute(uri: "/api/v1/conversations", method: .get)
            #expect(response.status == .unauthorized)
            #expect(response.headers[.wwwAuthenticate] != nil)
        }
    }
}
