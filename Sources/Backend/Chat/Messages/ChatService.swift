import FoundationEssentials
import Logging

/// Answers what users write, and lets them read, resume and stop answers on any replica.
struct ChatService: Sendable {
    let access: ConversationAccess
    let registry: GenerationRegistry
    let bus: AnswerBus
    let limits: UsageLimits
    /// The model of conversations that name none.
    let defaultModel: String

    private var store: Store { access.store }

    /// An answer that has begun.
    struct Answer: Sendable {
        var message: Message
        /// The message that was sent along with the request.
        var userMessage: Message?
        /// Whether an earlier request with the same key made it.
        var isReplay = false
    }

    /// Begins an answer.
    /// - Throws: ``APIError``.
    func begin(
        _ draft: ChatDraft, model: String?, in conversation: Conversation, for caller: Caller, key: IdempotencyKey?
    ) async throws -> Answer {
        let now = ContinuousClock.now
        if let key, let answer = try await replay(key, in: conversation, of: caller) { return answer }
        guard try await store.messageCount(of: conversation.id) + 2 <= Store.maximumMessages else {
            throw APIError.conversationFull
        }
        var (start, context) = try await prepare(draft, model: model, in: conversation)
        start.idempotencyKey = key
        let admission = try await limits.admit(caller, estimatedTokens: context.estimatedTokens)
        try registry.reserve()
        do {
            if let answer = try await store(start, in: conversation, for: caller) {
                registry.release()
                return answer
            }
        } catch {
            registry.release()
            throw error
        }
        let request = CompletionRequest(model: start.answer.model ?? defaultModel, turns: context.turns)
        _ = registry.start(start.answer, request, for: caller, admission, askedAt: now)
        return Answer(message: start.answer, userMessage: start.userMessage)
    }

    /// Stores the beginning.
    /// - Returns: The answer of another request with the same key that was faster.
    private func store(
        _ start: AnswerStart, in conversation: Conversation, for caller: Caller
    ) async throws -> Answer? {
        // Once for what stood in the way and is gone now.
        for attempt in 0..<5 {
            do {
                try await store.begin(start, of: caller.userID)
                return nil
            } catch let conflict as Store.StartConflict {
                switch conflict {
                case .noConversation: throw APIError.conversationNotFound
                case .keyUsed:
                    if let key = start.idempotencyKey, let answer = try await replay(key, in: conversation, of: caller)
                    {
                        return answer
                    }
                    if attempt > 0 { throw APIError.keyInUse }
                case .running:
                    guard let running = try await store.runningAnswer(of: conversation.id) else { continue }
                    // Finished here if its replica is gone.
                    let message = try await access.message(running, in: conversation.id)
                    if message.status == .inProgress || attempt > 0 { throw APIError.generationInProgress(running) }
                }
            }
        }
        throw APIError.tooManyGenerations
    }

    /// The answer that an earlier request with this key made.
    private func replay(_ key: IdempotencyKey, in conversation: Conversation, of caller: Caller) async throws -> Answer?
    {
        guard let earlier = try await store.idempotentAnswer(key.key, of: caller.userID, at: .now) else { return nil }
        guard earlier.requestHash == key.requestHash else { throw APIError.keyReused }
        let message = try await access.message(earlier.message, in: conversation.id)
        var userMessage: Message?
        if let parent = message.parentID { userMessage = try await access.message(parent, in: conversation.id) }
        return Answer(message: message, userMessage: userMessage, isReplay: true)
    }

    /// The messages that the draft becomes, and what the model is told.
    private func prepare(
        _ draft: ChatDraft, model: String?, in conversation: Conversation
    ) async throws -> (AnswerStart, ChatContext) {
        var text: String?
        var parent: Message?
        switch draft {
        case .send(let content, let place):
            text = content.text
            parent = try await self.parent(at: place, in: conversation)
        case .edit(let id, let content):
            text = content.text
            let original = try await access.message(id, in: conversation.id)
            guard original.role == .user else { throw APIError.notUserMessage }
            if let id = original.parentID { parent = try await access.message(id, in: conversation.id) }
        case .regenerate(let id):
            var message = try await access.message(id, in: conversation.id)
            if message.role == .assistant {
                guard message.status != .inProgress else { throw APIError.generationInProgress(id) }
                guard let question = message.parentID else { throw APIError.nothingToAnswer }
                message = try await access.message(question, in: conversation.id)
            }
            parent = message
        }
        // Lists go by time: a message is never older than the one it follows, whatever this machine's clock says.
        var now = Timestamp.now
        if let parent { now = max(now, parent.createdAt + .microseconds(1)) }
        var branch: [ChatContext.Entry] = []
        if let parent {
            branch = try await store.context(
                endingAt: parent.id, in: conversation.id, reserving: text?.utf8.count ?? 0)
        }
        var userMessage: Message?
        if let text {
            userMessage = Message(
                id: .version7(now), conversationID: conversation.id, parentID: parent?.id, role: .user, content: text,
                status: .completed, createdAt: now, completedAt: now)
            branch.insert((.user, text, .completed), at: 0)
            now = now + .microseconds(1)
        }
        let context = ChatContext(systemPrompt: conversation.systemPrompt, branch: branch)
        let answer = Message(
            id: .version7(now), conversationID: conversation.id, parentID: userMessage?.id ?? parent?.id,
            role: .assistant, content: "", status: .inProgress, model: model ?? conversation.model ?? defaultModel,
            usage: Message.Usage(promptTokens: context.estimatedTokens, completionTokens: 0, source: "estimated"),
            leaseExpiresAt: Timestamp.now + registry.policy.lease, createdAt: now)
        return (AnswerStart(userMessage: userMessage, answer: answer), context)
    }

    private func parent(at place: ChatDraft.Place, in conversation: Conversation) async throws -> Message? {
        let id: UUID
        switch place {
        case .start: return nil
        case .end:
            guard let head = conversation.headMessageID else { return nil }
            id = head
        case .after(let parent): id = parent
        }
        let parent = try await access.message(id, in: conversation.id)
        guard parent.status != .inProgress else { throw APIError.generationInProgress(id) }
        if case .after = place, parent.role == .user { throw APIError.notAnswer }
        return parent
    }

    /// Reads an answer from `offset` on, wherever it is generated.
    func reader(
        of message: Message, after offset: Int, departure: LocalAnswerReader.Departure
    ) -> any AnswerReader {
        if let generation = registry[message.id] {
            return registry.reader(of: generation, after: offset, departure: departure)
        }
        return RemoteAnswerReader(message, after: offset, registry: registry, bus: bus)
    }

    /// Waits for the end of an answer.
    /// - Returns: Nil when the reader was cancelled.
    func end(_ reader: any AnswerReader) async throws -> Generation.End? {
        while true {
            switch try await reader.next() {
            case .ended(let end): return end
            case .cancelled: return nil
            case .text, .idle: continue
            }
        }
    }

    /// Stops an answer on whichever replica generates it, and waits a moment for its end.
    /// - Returns: The message as it stands: finished, or still in progress when its replica did not react yet.
    func stop(_ message: Message) async throws -> Message {
        guard message.status == .inProgress else { return message }
        if let generation = registry[message.id] {
            generation.end(because: .stopped)
        } else {
            try await store.requestStop(of: message.id, at: .now)
            await bus.publish(AnswerBus.Request(stop: message.id))
        }
        let reader = reader(of: message, after: Int.max, departure: .mayReturn)
        let timer = Task {
            try await Task.sleep(for: .seconds(5))
            reader.cancel()
        }
        defer { timer.cancel() }
        if case .stored(let stopped) = try await end(reader) { return stopped }
        return try await access.message(message.id, in: message.conversationID)
    }

    /// Stops what a conversation has in progress here, before it is deleted.
    func willDelete(_ conversation: Conversation) async {
        // A replica that is not asked in time sees at its next look into the database that the message is gone.
        guard let running = try? await store.runningAnswer(of: conversation.id) else { return }
        registry[running]?.end(because: .stopped)
        await bus.publish(AnswerBus.Request(stop: running))
    }
}
