import FoundationEssentials
import Logging
import Observability

extension GenerationRegistry {
    /// Generates one answer and stores it.
    func run(
        _ generation: Generation, _ request: CompletionRequest, _ admission: UsageAdmission,
        askedAt start: ContinuousClock.Instant
    ) async {
        metrics.addedOverhead.observe(.now - start)
        // Only the request is cancelled, never the storing of what came of it.
        let completion = Task { [model, metrics] in
            try await model.complete(request) { text in
                if generation.append(text) == .first { metrics.timeToFirstToken.observe(.now - start) }
            }
        }
        generation.onCancel { completion.cancel() }
        let result = result(of: generation, await completion.result)
        let end = await store(result, of: generation)
        // Readers first: whoever looks for it after this finds it in the database.
        generation.finish(end)
        remove(generation)
        metrics.count(promptTokens: result.usage.promptTokens, completionTokens: result.usage.completionTokens)
        await admission.settle(tokens: result.usage.promptTokens + result.usage.completionTokens)
        if case .stored(let message) = end { onStored(message, generation.caller) }
    }

    private func result(
        of generation: Generation, _ completion: Result<CompletionEnd, any Error>
    ) -> GenerationResult {
        let text = generation.text
        let prompt = generation.message.usage?.promptTokens ?? 0
        // A token is about four bytes. Nobody counts an answer that is broken off.
        let estimate = Message.Usage(
            promptTokens: prompt, completionTokens: (text.utf8.count + 3) / 4, source: "estimated")
        if let cause = generation.cause {
            return GenerationResult(
                status: .incomplete, text: text, finishReason: cause.rawValue, usage: estimate)
        }
        switch completion {
        case .success(let end):
            let usage = end.usage.map {
                Message.Usage(
                    promptTokens: $0.promptTokens, completionTokens: $0.completionTokens, source: "reported")
            }
            return GenerationResult(
                status: end.finishReason == "length" ? .incomplete : .completed, text: text,
                finishReason: end.finishReason ?? "stop", usage: usage ?? estimate)
        case .failure(let error):
            let failure = error as? CompletionFailure
            logger.warning(
                "an answer failed",
                metadata: [
                    "message_id": "\(generation.id.text)", "code": "\(failure?.code ?? "upstream_error")",
                    "reason": "\(failure?.detail ?? String(reflecting: error))",
                ])
            let zero = Message.Usage(promptTokens: 0, completionTokens: 0, source: "zero")
            return GenerationResult(
                status: .failed, text: text, finishReason: nil, errorCode: failure?.code ?? "upstream_error",
                usage: text.isEmpty ? zero : estimate)
        }
    }

    /// Stores the end, however long the database is away: until then it is in no other place.
    private func store(_ result: GenerationResult, of generation: Generation) async -> Generation.End {
        var pause = Duration.milliseconds(50)
        while true {
            do {
                let now = Timestamp.now
                if generation.cause != .lost,
                    try await store.finish(generation.message, result, of: generation.caller, at: now)
                {
                    return .stored(generation.message.finished(with: result, at: now))
                }
                let stored = try await store.message(generation.id, in: generation.message.conversationID)
                return stored.map(Generation.End.stored) ?? .deleted
            } catch {
                logger.error(
                    "an answer cannot be stored yet",
                    metadata: ["message_id": "\(generation.id.text)", "reason": "\(String(reflecting: error))"])
            }
            try? await Task.sleep(for: pause)  // Nobody cancels this task.
            pause = min(pause * 2, .seconds(2))
        }
    }
}

extension Message {
    /// The message as it is stored with this result.
    func finished(with result: GenerationResult, at now: Timestamp) -> Message {
        var message = self
        message.content = result.text
        message.status = result.status
        message.finishReason = result.finishReason
        message.errorCode = result.errorCode
        message.usage = result.usage
        message.leaseExpiresAt = nil
        message.completedAt = now
        return message
    }
}
