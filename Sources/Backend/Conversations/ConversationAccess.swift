import FoundationEssentials
import Hummingbird

/// Who calls and what is called, as every route under a conversation needs it.
struct ConversationAccess: Sendable {
    let store: Store
    let authenticator: any Authenticator
    let owners: ConversationOwners

    func caller(_ request: Request) async throws -> Caller {
        try await authenticator.caller(authorization: request.headers[.authorization])
    }

    /// The conversation in the request's path, if it is the caller's.
    /// - Throws: ``APIError``, 404 for what is not there and for what is somebody else's alike.
    func conversation(
        _ request: Request, _ context: BackendRequestContext
    ) async throws -> (caller: Caller, conversation: Conversation) {
        let caller = try await caller(request)
        guard let id = context.parameters.get("conversation").flatMap(UUID.init(uuidString:)) else {
            throw APIError.conversationNotFound
        }
        return (caller, try await conversation(id, of: caller))
    }

    /// The id of the conversation in the request's path, if it is the caller's: for what reads messages only. The conversation may
    /// be deleted by now, and its messages with it.
    func conversationID(_ request: Request, _ context: BackendRequestContext) async throws -> UUID {
        let caller = try await caller(request)
        guard let id = context.parameters.get("conversation").flatMap(UUID.init(uuidString:)) else {
            throw APIError.conversationNotFound
        }
        try await check(id, of: caller)
        return id
    }

    /// - Throws: ``APIError``, 404, unless the conversation is the caller's.
    func check(_ conversation: UUID, of caller: Caller) async throws {
        guard try await owners.owner(of: conversation) == caller.userID else { throw APIError.conversationNotFound }
    }

    /// A conversation of the caller's.
    func conversation(_ id: UUID, of caller: Caller) async throws -> Conversation {
        guard let conversation = try await store.conversation(id, of: caller.userID) else {
            throw APIError.conversationNotFound
        }
        return conversation
    }

    /// The message in the request's path.
    func message(_ context: BackendRequestContext, in conversation: UUID) async throws -> Message {
        guard let id = context.parameters.get("message").flatMap(UUID.init(uuidString:)) else {
            throw APIError.messageNotFound
        }
        return try await message(id, in: conversation)
    }

    /// A message as it stands: an answer whose replica is gone is finished first.
    func message(_ id: UUID, in conversation: UUID) async throws -> Message {
        guard var message = try await store.message(id, in: conversation) else { throw APIError.messageNotFound }
        let now = Timestamp.now
        if message.isAbandoned(at: now) {
            try await store.finishAbandoned(id, at: now)
            guard let finished = try await store.message(id, in: conversation) else { throw APIError.messageNotFound }
            message = finished
        }
        return message
    }
}
