import FoundationEssentials
import Hummingbird
import NIOCore

/// Writes conversations as a document, a few messages at a time, so that its size does not matter.
struct ConversationExport: Sendable {
    /// What is exported.
    enum Scope: Sendable {
        case one(Conversation)
        case all(user: UUID)
        /// A part of all.
        case some([Conversation])
    }

    /// The most messages that are held at once; each has a bounded size.
    private static let messagePage = 32
    private static let conversationPage = 32

    let store: Store
    let scope: Scope

    /// The document as an answer that a browser saves.
    func response() -> Response {
        let name =
            switch scope {
            case .one(let conversation): "conversation-\(conversation.id.text).json"
            case .all, .some: "conversations.json"
            }
        return Response(
            status: .ok,
            headers: [
                .contentType: JSONBody.contentType, .contentDisposition: "attachment; filename=\"\(name)\"",
                .cacheControl: "no-store",
            ],
            body: ResponseBody { writer in
                try await write(to: &writer)
                try await writer.finish(nil)
            })
    }

    @concurrent private func write(to writer: inout any ResponseBodyWriter) async throws {
        let head = """
            {"format":"\(ConversationDocument.formatName)","version":\(ConversationDocument.currentVersion),\
            "exported_at":"\(Timestamp.now)","conversations":[
            """
        try await writer.write(ByteBuffer(string: head))
        switch scope {
        case .one(let conversation): try await write(conversation, isFirst: true, to: &writer)
        case .some(let conversations):
            for (index, conversation) in conversations.enumerated() {
                try await write(conversation, isFirst: index == 0, to: &writer)
            }
        case .all(let user):
            var last: UUID?
            while true {
                let page = try await store.conversations(of: user, after: last, limit: Self.conversationPage)
                for conversation in page {
                    try await write(conversation, isFirst: last == nil, to: &writer)
                    last = conversation.id
                }
                if page.count < Self.conversationPage { break }
            }
        }
        try await writer.write(ByteBuffer(string: "]}\n"))
    }

    @concurrent private func write(
        _ conversation: Conversation, isFirst: Bool, to writer: inout any ResponseBodyWriter
    ) async throws {
        // The members come sorted, and the empty list of messages is filled here.
        let document = String(buffer: JSONBody.encode(ExportedConversation(conversation)))
        guard let list = document.firstRange(of: "\"messages\":[") else { return }
        try await writer.write(ByteBuffer(string: (isFirst ? "" : ",\n") + document[..<list.upperBound]))
        var place: PageCursor?
        while true {
            let page = try await store.messages(of: conversation.id, after: place, limit: Self.messagePage)
            for message in page {
                var piece = ByteBuffer(string: place == nil ? "" : ",")
                var element = JSONBody.encode(ExportedMessage(try await complete(message)))
                piece.writeBuffer(&element)
                try await writer.write(piece)
                place = PageCursor(time: message.createdAt, id: message.id)
            }
            if page.count < Self.messagePage { break }
        }
        try await writer.write(ByteBuffer(string: String(document[list.upperBound...])))
    }

    /// The message, an answer in progress with its text so far.
    private func complete(_ message: Message) async throws -> Message {
        guard message.status == .inProgress else { return message }
        return try await store.message(message.id, in: message.conversationID) ?? message
    }
}
