import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Observability

/// What is answered: sending, editing and regenerating, resuming and stopping.
struct ChatRoutes: RouteGroup {
    let chat: ChatService

    private var access: ConversationAccess { chat.access }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group(ConversationRoutes.path).group(":conversation/messages")
        routes.post { request, context in
            try await answer(request, context) { body in
                let body = try JSONBody.decode(SendMessageRequest.self, from: body)
                return (.send(body.content, body.place), body.model, body.isStreamed)
            }
        }
        routes.post(":message/edit") { request, context in
            let id = try Self.message(context)
            return try await answer(request, context) { body in
                let body = try JSONBody.decode(EditMessageRequest.self, from: body)
                return (.edit(id, body.content), body.model, body.stream)
            }
        }
        routes.post(":message/regenerate") { request, context in
            let id = try Self.message(context)
            return try await answer(request, context) { body in
                let body =
                    body.readableBytes == 0
                    ? RegenerateRequest() : try JSONBody.decode(RegenerateRequest.self, from: body)
                return (.regenerate(id), body.model, body.stream)
            }
        }
        routes.get(":message/events") { try await resume($0, $1) }
        routes.post(":message/stop") { request, context in
            let conversation = try await access.conversationID(request, context)
            let message = try await access.message(context, in: conversation)
            let stopped = try await chat.stop(message)
            return JSONBody.response(stopped, status: stopped.status == .inProgress ? .accepted : .ok)
        }
    }

    private static func message(_ context: BackendRequestContext) throws -> UUID {
        guard let id = context.parameters.get("message").flatMap(UUID.init(uuidString:)) else {
            throw APIError.messageNotFound
        }
        return id
    }

    /// Begins an answer and gives it as JSON, once it is there, or as events.
    private func answer(
        _ request: Request, _ context: BackendRequestContext,
        _ read: (ByteBuffer) throws -> (ChatDraft, ModelName?, Bool?)
    ) async throws -> Response {
        var request = request
        let (caller, conversation) = try await access.conversation(request, context)
        try JSONBody.checkContentType(request.headers[.contentType])
        let body = try await request.collectBody(upTo: BackendRequestContext.bodyLimit)
        let (draft, model, isStreamed) = try read(body)
        let key = try Self.idempotencyKey(request, body)
        let answer = try await chat.begin(draft, model: model?.text, in: conversation, for: caller, key: key)
        let accepts = isStreamed ?? EventStream.isAccepted(request)
        return accepts ? events(of: answer, context) : try await document(of: answer, context)
    }

    private static func idempotencyKey(_ request: Request, _ body: ByteBuffer) throws -> IdempotencyKey? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...200).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw APIError.invalidKey
        }
        // Whether the answer is streamed is no part of it: the same answer may be had either way.
        let text = "\(request.uri.path)\n\(String(buffer: body))"
        return IdempotencyKey(key: key, requestHash: SHA256Digest(of: text).bytes)
    }

    private func events(of answer: ChatService.Answer, _ context: BackendRequestContext) -> Response {
        let reader = chat.reader(of: answer.message, after: 0, departure: .mayReturn)
        var begun = answer.message
        // The event tells of the beginning, also to one who comes later.
        begun.content = ""
        begun.usage = nil
        var response = stream(
            AnswerEvents(
                message: begun.id, reader: reader, first: .created(begun, userMessage: answer.userMessage)), context)
        if answer.isReplay { response.headers[.idempotencyReplayed] = "true" }
        return response
    }

    private func document(
        of answer: ChatService.Answer, _ context: BackendRequestContext
    ) async throws -> Response {
        struct Document: Encodable {
            let message: Message
            let userMessage: Message?

            enum CodingKeys: String, CodingKey {
                case message
                case userMessage = "user_message"
            }
        }
        let reader = chat.reader(of: answer.message, after: .max, departure: .isFinal)
        let presence = await context.clientPresence()
        presence?.watch { reader.cancel() }
        defer { presence?.forget() }
        let end = try await chat.end(reader)
        guard let end else { throw APIError.serviceEnding }
        guard case .stored(let message) = end else { throw APIError.conversationNotFound }
        var response = JSONBody.response(
            Document(message: message, userMessage: answer.userMessage), status: .created)
        if answer.isReplay { response.headers[.idempotencyReplayed] = "true" }
        return response
    }

    /// The events of an answer after the place that the client has.
    private func resume(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let conversation = try await access.conversationID(request, context)
        let message = try await access.message(context, in: conversation)
        let offset = try offset(request, message)
        let reader = chat.reader(of: message, after: offset, departure: .mayReturn)
        return stream(AnswerEvents(message: message.id, reader: reader, first: nil), context)
    }

    /// `?after=` wins over `Last-Event-ID`, which browsers send by themselves.
    private func offset(_ request: Request, _ message: Message) throws -> Int {
        guard let text = PageQuery(request)["after"] ?? request.headers[.lastEventID], !text.isEmpty else { return 0 }
        let offset: Int
        if let id = EventID(text) {
            guard id.message == message.id else { throw APIError.invalidOffset }
            offset = id.offset
        } else {
            guard let number = Int(text), number >= 0 else { throw APIError.invalidOffset }
            offset = number
        }
        guard message.isBoundary(offset), chat.registry[message.id]?.isBoundary(offset) ?? true else {
            throw APIError.invalidOffset
        }
        return offset
    }

    private func stream(_ events: AnswerEvents, _ context: BackendRequestContext) -> Response {
        let heartbeat = chat.registry.policy.heartbeat
        let openStreams = chat.registry.metrics.streamsOpen
        return EventStream.response { writer in
            openStreams.increment()
            defer { openStreams.decrement() }
            try await Self.write(events, to: &writer, every: heartbeat, context)
        }
    }

    @concurrent private static func write(
        _ events: AnswerEvents, to writer: inout any ResponseBodyWriter, every heartbeat: Duration,
        _ context: BackendRequestContext
    ) async throws {
        let reader = events.reader
        let presence = await context.clientPresence()
        presence?.watch { reader.cancel() }
        defer { presence?.forget() }
        // However the writing ends, the place is given up.
        defer { reader.cancel() }
        var events = events
        var lastWrite = ContinuousClock.now
        while let element = try await events.next() {
            switch element {
            case .event(let event):
                var buffer = ByteBuffer()
                event.writeFrame(to: &buffer)
                try await writer.write(buffer)
            case .idle:
                guard ContinuousClock.now - lastWrite >= heartbeat / 2 else { continue }
                try await writer.write(EventStream.heartbeat)
            }
            lastWrite = .now
        }
    }
}

extension Message {
    /// Whether `offset` is between two characters of the text, as far as it goes.
    func isBoundary(_ offset: Int) -> Bool {
        let utf8 = content.utf8
        guard offset < utf8.count else { return true }
        return utf8[utf8.index(utf8.startIndex, offsetBy: offset)] & 0xC0 != 0x80
    }
}

extension APIError {
    static let serviceEnding = APIError(
        status: .serviceUnavailable, kind: .server, code: "service_ending",
        message: "This replica is ending; the answer can be had from another one.", headers: [.retryAfter: "1"])
}
