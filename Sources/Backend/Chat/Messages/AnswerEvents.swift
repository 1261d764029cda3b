import FoundationEssentials

/// An answer's events from one place on.
///
/// For one task at a time.
struct AnswerEvents: Sendable {
    /// What comes next.
    enum Element: Sendable {
        case event(ChatEvent)
        /// Nothing came for a while; whoever waits may want to hear that the connection lives.
        case idle
    }

    let message: UUID
    let reader: any AnswerReader
    private var first: ChatEvent?
    private var hasEnded = false

    /// - Parameter first: What is told before everything else.
    init(message: UUID, reader: any AnswerReader, first: ChatEvent?) {
        self.message = message
        self.reader = reader
        self.first = first
    }

    /// - Returns: Nil after the last one, and when the reading was cancelled.
    mutating func next() async throws -> Element? {
        if let event = first.take() { return .event(event) }
        guard !hasEnded else { return nil }
        switch try await reader.next() {
        case .text(let offset, let bytes): return .event(.delta(message: message, offset: offset, bytes))
        case .ended(.stored(let message)):
            hasEnded = true
            return .event(.ended(message))
        case .ended(.deleted):
            hasEnded = true
            return .event(.deleted(message: message))
        case .idle: return .idle
        case .cancelled: return nil
        }
    }
}
