import Observability

/// One request from its admission to its entry in the ledger.
struct ProxyExchange: Sendable {
    let caller: Caller
    let request: ProxyRequest
    let admission: UsageAdmission
    let start: ContinuousClock.Instant
    let metrics: CompletionMetrics
    let ledger: UsageLedger

    /// What may have been used, from what was asked and the text that came.
    func estimate(completionBytes: Int) -> TokenUsage {
        TokenUsage(
            promptTokens: request.estimatedPromptTokens, completionTokens: TokenUsage.estimate(bytes: completionBytes))
    }

    /// Writes down what was used, and corrects what was charged for it. Once for each exchange.
    func finish(_ usage: TokenUsage, _ source: UsageRecord.Source, _ outcome: UsageRecord.Outcome) async {
        metrics.count(promptTokens: usage.promptTokens, completionTokens: usage.completionTokens)
        ledger.record(
            UsageRecord(
                caller: caller, endpoint: request.endpoint.servicePath, model: request.model, usage: usage,
                source: source, outcome: outcome))
        await admission.settle(tokens: usage.total)
    }
}
