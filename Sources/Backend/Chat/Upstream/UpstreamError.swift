/// Why no answer, or no whole one, could be had from an OpenAI-compatible server.
///
/// Its text is fit for clients: it holds neither a server's address nor a key. `detail` is for the log.
struct UpstreamError: Error, Sendable {
    struct Code: Sendable, Hashable, CustomStringConvertible {
        let description: String

        /// Neither a key nor an address is set.
        static let notConfigured = Code(description: "upstream_not_configured")
        /// No connection could be established.
        static let unreachable = Code(description: "upstream_unreachable")
        /// Every server failed too often lately, and none is being asked.
        static let circuitOpen = Code(description: "upstream_unavailable")
        /// The head of the answer did not come in time.
        static let responseTimeout = Code(description: "upstream_response_timeout")
        /// The answer stopped in its middle.
        static let idleTimeout = Code(description: "upstream_idle_timeout")
        /// The whole took too long.
        static let totalTimeout = Code(description: "upstream_total_timeout")
        /// The connection broke, or what came was not HTTP.
        static let connectionLost = Code(description: "upstream_connection_lost")
        /// The answer is larger than what is read of one.
        static let tooLarge = Code(description: "upstream_answer_too_large")
    }

    var code: Code
    /// One sentence for people.
    var message: String
    /// When it may be worth trying again.
    var retryAfter: Duration?
    /// What happened below; for the log.
    var detail: String?

    init(_ code: Code, _ message: String, retryAfter: Duration? = nil, detail: String? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.detail = detail
    }

    static let notConfigured = UpstreamError(
        .notConfigured, "No model is available: OPENAI_API_KEY is not set for this service.")
    static let idleTimeout = UpstreamError(.idleTimeout, "The model's answer stopped in its middle.")
    static let totalTimeout = UpstreamError(.totalTimeout, "The model's answer took too long.")
}

extension UpstreamError: CustomStringConvertible, CustomDebugStringConvertible {
    var description: String { message }
    var debugDescription: String { "\(code): \(message)\(detail.map { " (\($0))" } ?? "")" }
}
