import FoundationEssentials
import HTTPTypes
import Logging
import NIOCore
import NIOWebSocket
import Observability
import Synchronization

/// What goes on over one WebSocket: commands of its client, and events of any number of answers.
final class ChatSession: Sendable {
    /// How long a client that came without a credential may take to say who it is.
    static let authenticationTimeout = Duration.seconds(10)
    /// Answers that are read at a time over one connection.
    static let maximumStreams = 32

    private struct Storage {
        var authorization: String?
        var streams: [UUID: any AnswerReader] = [:]
        var isEnding = false
    }

    private let connection: WebSocketConnection
    private let chat: ChatService
    private let logger: Logger
    private let storage: Mutex<Storage>

    init(connection: WebSocketConnection, authorization: String?, chat: ChatService, logger: Logger) {
        self.connection = connection
        self.chat = chat
        self.logger = logger
        storage = Mutex(Storage(authorization: authorization))
    }

    /// Runs until the connection ends.
    func run() async {
        await withDiscardingTaskGroup { group in
            if storage.withLock({ $0.authorization == nil }) { group.addTask { await self.awaitAuthentication() } }
            for await message in connection.messages {
                switch message {
                case .ending:
                    storage.withLock { $0.isEnding = true }
                    closeIfIdle()
                case .text(let text):
                    if let events = await handle(text) { group.addTask { await self.write(events) } }
                    connection.didHandleMessage()
                }
            }
            // Readers leave; their answers go on for as long as a client may take to come back.
            for reader in storage.withLock({ Array($0.streams.values) }) { reader.cancel() }
            group.cancelAll()
        }
    }

    private func awaitAuthentication() async {
        try? await Task.sleep(for: Self.authenticationTimeout)  // Cancelled: the connection has ended.
        guard !Task.isCancelled, storage.withLock({ $0.authorization == nil }) else { return }
        connection.close(.policyViolation, "no credential came in time")
    }

    // MARK: Commands

    /// Carries a command out.
    /// - Returns: The events to write, when it begins or resumes an answer.
    private func handle(_ text: ByteBuffer) async -> Stream? {
        var requestID: String?
        do {
            let command = try JSONBody.decode(ClientCommand.self, from: text)
            requestID = command.requestID
            return try await carryOut(command)
        } catch let error as APIError {
            await tell(Reply(type: "error", requestID: requestID, error: .init(error)))
            // Who is not let in has nothing to say here.
            if error.status == .unauthorized { connection.close(.policyViolation, "the credential is not valid") }
        } catch {
            guard !(error is CancellationError) else { return nil }
            logger.error("a WebSocket's command failed", metadata: ["error": "\(String(reflecting: error))"])
            await tell(Reply(type: "error", requestID: requestID, error: .init(.internalError(cause: nil))))
        }
        return nil
    }

    private func carryOut(_ command: ClientCommand) async throws -> Stream? {
        switch command.kind {
        case .ping: await tell(Reply(type: "pong", requestID: command.requestID))
        case .authenticate(let token):
            let authorization = "Bearer \(token)"
            _ = try await chat.access.authenticator.caller(authorization: authorization)
            storage.withLock { $0.authorization = authorization }
            await tell(Reply(type: "authenticated", requestID: command.requestID))
        case .begin(let draft, let model, let key, let id):
            let (caller, conversation) = try await conversation(id)
            try checkRoom()
            let idempotencyKey = key.map {
                IdempotencyKey(
                    key: $0, requestHash: SHA256Digest(of: "\(id.text)\n\(draft)\n\(model?.text ?? "")").bytes)
            }
            let answer = try await chat.begin(
                draft, model: model?.text, in: conversation, for: caller, key: idempotencyKey)
            var begun = answer.message
            begun.content = ""
            begun.usage = nil
            return stream(
                of: answer.message, after: 0, .created(begun, userMessage: answer.userMessage), command.requestID)
        case .resume(let id, let messageID, let offset):
            try await chat.access.check(id, of: try await caller())
            try checkRoom()
            let message = try await chat.access.message(messageID, in: id)
            guard message.isBoundary(offset), chat.registry[message.id]?.isBoundary(offset) ?? true else {
                throw APIError.invalidOffset
            }
            return stream(of: message, after: offset, nil, command.requestID)
        case .stop(let id, let messageID):
            try await chat.access.check(id, of: try await caller())
            let message = try await chat.stop(try await chat.access.message(messageID, in: id))
            await tell(Reply(type: "message.stopped", requestID: command.requestID, message: message))
        }
        return nil
    }

    /// The credential is proved anew: it may have been withdrawn since.
    private func caller() async throws -> Caller {
        let authorization = storage.withLock { $0.authorization }
        return try await chat.access.authenticator.caller(authorization: authorization)
    }

    private func conversation(_ id: UUID) async throws -> (Caller, Conversation) {
        let caller = try await caller()
        return (caller, try await chat.access.conversation(id, of: caller))
    }

    private func checkRoom() throws {
        let (count, isEnding) = storage.withLock { ($0.streams.count, $0.isEnding) }
        guard !isEnding else { throw APIError.serviceEnding }
        guard count < Self.maximumStreams else { throw APIError.tooManyStreams }
    }

    // MARK: Events

    private struct Stream: Sendable {
        let events: AnswerEvents
        let requestID: String?
    }

    private func stream(of message: Message, after offset: Int, _ first: ChatEvent?, _ requestID: String?) -> Stream {
        let reader = chat.reader(of: message, after: offset, departure: .mayReturn)
        // One reading of an answer is enough; the newest counts.
        let earlier = storage.withLock { $0.streams.updateValue(reader, forKey: message.id) }
        earlier?.cancel()
        return Stream(events: AnswerEvents(message: message.id, reader: reader, first: first), requestID: requestID)
    }

    private func write(_ stream: Stream) async {
        let openStreams = chat.registry.metrics.streamsOpen
        openStreams.increment()
        defer { openStreams.decrement() }
        var events = stream.events
        do {
            // Pings of the connection tell that it lives; nothing is sent while nothing comes.
            while let element = try await events.next() {
                guard case .event(let event) = element else { continue }
                var buffer = ByteBuffer()
                event.write(to: &buffer, requestID: stream.requestID)
                try await connection.send(buffer)
            }
        } catch let error as DatabaseError {
            logger.warning("an answer cannot be read", metadata: ["reason": "\(String(reflecting: error))"])
            connection.close(.unexpectedServerError, "the answer cannot be read; try again")
        } catch {
            // The connection has ended.
        }
        events.reader.cancel()
        storage.withLock { storage in
            if storage.streams[events.message] === events.reader { storage.streams[events.message] = nil }
        }
        closeIfIdle()
    }

    /// A service that ends lets the answers of its connections end, and then the connections.
    private func closeIfIdle() {
        guard storage.withLock({ $0.isEnding && $0.streams.isEmpty }) else { return }
        connection.close(.goingAway, "the service is ending")
    }

    private struct Reply: Encodable {
        struct Failure: Encodable {
            let code: String
            let message: String
            let param: String?

            init(_ error: APIError) {
                code = error.code
                message = error.message
                param = error.param
            }
        }

        let type: String
        let requestID: String?
        var message: Message?
        var error: Failure?

        enum CodingKeys: String, CodingKey {
            case type, message, error
            case requestID = "request_id"
        }
    }

    private func tell(_ reply: Reply) async {
        try? await connection.send(JSONBody.encode(reply))  // Closed: the loop over its messages ends.
    }
}

extension APIError {
    static let tooManyStreams = APIError(
        status: .tooManyRequests, kind: .invalidRequest, code: "too_many_streams",
        message: "At most \(ChatSession.maximumStreams) answers can be read over one connection.")
}
