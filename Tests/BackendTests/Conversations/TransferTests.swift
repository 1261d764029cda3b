import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Backend

@Suite("Export and import of conversations", .timeLimit(.minutes(10)))
struct TransferTests {
    @Test("What is exported can be imported by another user, with the same tree", arguments: DatabaseMaker.all)
    func roundTrip(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, other in
            // More than one page of messages.
            let id = try await caller.post("", #"{"title":"\"quoted\" 题目","system_prompt":"p"}"#).id
            var last = try await fixture.add(.user, "m0 \"messages\":[", to: id)
            let root = last
            for index in 1..<70 {
                last = try await fixture.add(index % 2 == 0 ? .user : .assistant, "m\(index)\n☃", to: id, after: last)
            }
            let sibling = try await fixture.add(.assistant, "other answer", to: id, after: root)
            let empty = try await caller.post("", "{}").id

            let one = try await caller.get("/\(id)/export")
            #expect(one.headers[.contentDisposition]?.contains(id) == true)
            let all = try await caller.get("/export")
            let exported = try #require(all.json["conversations"] as? [[String: Any]])
            #expect(exported.compactMap { $0["id"] as? String } == [id, empty])

            let imported = try await other.post("/import", String(buffer: all.body))
            #expect(imported.status == .created, "\(String(buffer: imported.body))")
            #expect(imported.list.compactMap { $0["original_id"] as? String } == [id, empty])
            let copy = try #require(imported.list.first?["id"] as? String)
            #expect(copy != id)
            let conversation = try await other.get("/\(copy)")
            #expect(conversation.json["title"] as? String == "\"quoted\" 题目")
            #expect(conversation.json["system_prompt"] as? String == "p")
            #expect(conversation.json["created_at"] as? String == exported[0]["created_at"] as? String)
            let shown = try await other.get("/\(copy)/messages").list
            #expect(shown.compactMap { $0["content"] as? String } == ["other answer", "m0 \"messages\":["])
            #expect((shown.first?["siblings"] as? [String: Any])?["count"] as? Int == 2)
            #expect(shown.first?["id"] as? String != sibling)

            // And out again: the same but for the identifiers.
            let again = try await other.get("/\(copy)/export")
            let messages = try #require(
                (again.json["conversations"] as? [[String: Any]])?.first?["messages"] as? [[String: Any]])
            let originals = try #require(exported[0]["messages"] as? [[String: Any]])
            #expect(messages.count == 71)
            for key in ["content", "role", "created_at", "status"] {
                #expect(messages.map { $0[key] as? String } == originals.map { $0[key] as? String })
            }
        }
    }

    @Test("Parts of an export, each a document to import, are together the whole of it", arguments: DatabaseMaker.all)
    func parts(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, other in
            var ids: [String] = []
            for index in 0..<5 {
                ids.append(try await caller.post("", #"{"title":"t\#(index)"}"#).id)
                try await fixture.add(.user, "m\(index)", to: ids[index])
            }
            var path: String? = "/export?limit=2"
            var sizes: [Int] = []
            var originals: [String] = []
            while let next = path {
                let part = try await caller.get(next)
                let imported = try await other.post("/import", String(buffer: part.body))
                #expect(imported.status == .created)
                sizes.append(imported.list.count)
                originals += imported.list.compactMap { $0["original_id"] as? String }
                let link = HTTPField.Name("Link").flatMap { part.headers[$0] }
                path = try link.map { text in
                    let match = try #require(text.wholeMatch(of: /<\/api\/v1\/conversations(.+)>; rel="next"/))
                    return String(match.1)
                }
            }
            #expect(sizes == [2, 2, 1])
            // By identifier: those of one millisecond are in no particular order.
            #expect(originals == ids.sorted())
            #expect(try await other.get("").list.count == 5)
            for wrong in ["limit=0", "limit=x", "cursor=x"] {
                #expect(try await caller.get("/export?\(wrong)").status == .badRequest)
            }
        }
    }

    private static func document(_ messages: String, head: String = "null", version: Int = 1) -> String {
        """
        {"format":"chatgpt-backend.conversations","version":\(version),"conversations":[
        {"id":"\(id(0))","title":"good","title_source":"user","created_at":"2026-01-01T00:00:00Z",
        "updated_at":"2026-01-01T00:00:00Z","messages":[]},
        {"id":"\(id(1))","title":"t","title_source":"user","head_message_id":\(head),
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","messages":[\(messages)]}]}
        """
    }

    private static func id(_ number: Int) -> String { "00000000-0000-7000-8000-00000000000\(number)" }

    private static func message(_ number: Int, after parent: Int? = nil, more: String = "") -> String {
        """
        {"id":"\(id(number))","parent_id":\(parent.map { "\"\(id($0))\"" } ?? "null"),"role":"user","content":"c",
        "status":"completed","created_at":"2026-01-01T00:00:00Z"\(more)}
        """
    }

    @Test("A document with anything wrong in it is refused whole, with where it is wrong", arguments: DatabaseMaker.all)
    func refusals(maker: DatabaseMaker) async throws {
        let fixture = try await ConversationFixture(maker)
        try await fixture.run { caller, _ in
            for (document, param) in [
                (Self.document(Self.message(2, after: 3)), "conversations[1].messages[0].parent_id"),
                (Self.document(Self.message(2, after: 2)), "conversations[1].messages[0].parent_id"),
                (Self.document(Self.message(2) + "," + Self.message(2)), "conversations[1].messages[1].id"),
                (Self.document(Self.message(2), head: "\"\(Self.id(5))\""), "conversations[1].head_message_id"),
                (Self.document(Self.message(2, more: ",\"extra\":1")), "conversations[1].messages[0].extra"),
                (Self.document("", version: 2), "version"),
                (
                    Self.document(Self.message(2).replacing("\"user\"", with: "\"robot\"")),
                    "conversations[1].messages[0].role"
                ),
                (
                    Self.document(Self.message(2).replacing("completed", with: "in_progress")),
                    "conversations[1].messages[0].status"
                ),
                (
                    Self.document(Self.message(2).replacing("2026", with: "1026")),
                    "conversations[1].messages[0].created_at"
                ),
            ] {
                let answer = try await caller.post("/import", document)
                #expect(answer.status == .unprocessableContent, "\(param)")
                #expect(answer.param == param)
            }
            #expect(try await caller.get("").list.isEmpty)
            let good = try await caller.post(
                "/import", Self.document(Self.message(2) + "," + Self.message(3, after: 2)))
            #expect(good.status == .created)
            #expect(try await caller.get("").list.count == 2)
        }
    }

    @Test("A message is never older than the one that it follows, whatever a document says")
    func order() throws {
        let document = try JSONBody.decode(
            ConversationDocument.self,
            from: .init(string: Self.document(Self.message(2) + "," + Self.message(3, after: 2))))
        let batch = try ConversationImport(document, now: .now)
        #expect(batch.messages[1].createdAt == batch.messages[0].createdAt + 1)
        #expect(batch.conversations[1].head == batch.messages[1].id)
    }
}
