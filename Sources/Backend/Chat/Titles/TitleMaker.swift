import FoundationEssentials
import Logging
import ServiceLifecycle

/// Gives conversations their titles after the first exchange, in the background.
///
/// The model is asked; when it gives none, the user's first words have to do. A title that was set by the user is never touched. A
/// conversation that got none, because this replica ended or too many waited, gets one after its next exchange.
final class TitleMaker: Service {
    /// Conversations that wait for a title. More come only where the upstream takes minutes for each.
    private static let queueLimit = 1_000
    private static let concurrency = 4
    private static let timeout = Duration.seconds(20)
    /// What is shown to the model of each message.
    private static let excerptLength = 2_000

    private struct Job: Sendable {
        let conversation: UUID
        let answer: Message
        let caller: Caller
    }

    private let store: Store
    private let model: any CompletionModel
    private let logger: Logger
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init(store: Store, model: any CompletionModel, logger: Logger) {
        self.store = store
        self.model = model
        self.logger = logger
        (jobs, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueLimit))
    }

    /// Notes that an answer was stored.
    func answered(_ message: Message, for caller: Caller) {
        guard message.status != .failed, !message.content.isEmpty else { return }
        queue.yield(Job(conversation: message.conversationID, answer: message, caller: caller))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for _ in 0..<Self.concurrency {
                    group.addTask {
                        for await job in self.jobs { await self.carryOut(job) }
                    }
                }
            }
        }
    }

    private func carryOut(_ job: Job) async {
        do {
            guard let conversation = try await store.conversation(job.conversation, of: job.caller.userID),
                conversation.titleSource == .default, let parent = job.answer.parentID,
                let question = try await store.message(parent, in: job.conversation)
            else { return }
            let title = await askedTitle(question.content, job) ?? TitleText.firstWords(of: question.content)
            guard let title else { return }
            try await store.setAutomaticTitle(title, of: job.conversation)
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("a conversation gets no title", metadata: ["reason": "\(String(reflecting: error))"])
        }
    }

    /// - Returns: Nil when the model gave none.
    private func askedTitle(_ question: String, _ job: Job) async -> String? {
        let request = CompletionRequest(
            model: job.answer.model ?? "",
            turns: [
                .init(role: .system, content: TitleText.instruction),
                .init(role: .system, content: "It was answered with:\n\n\(Self.excerpt(job.answer.content))"),
                .init(role: .user, content: Self.excerpt(question)),
            ], maximumTokens: 30)
        let answer = CollectedText()
        do {
            let end = try await withDeadline(Self.timeout) { [model] in
                try await model.complete(request) { answer.append($0) }
            }
            guard let end else {
                throw CompletionFailure(code: "upstream_timeout", detail: "no title within \(Self.timeout)")
            }
            try await store.insertTitleUsage(of: job.answer, end, answer.text, request, for: job.caller)
            return TitleText.cleaned(answer.text)
        } catch {
            logger.debug("no title from the model", metadata: ["reason": "\(String(reflecting: error))"])
            return nil
        }
    }

    private static func excerpt(_ text: String) -> String {
        // Cut between characters.
        String(text.prefix(excerptLength))
    }
}
