import FoundationEssentials

/// A place in an answer: `MESSAGE:OFFSET`, the offset in bytes of UTF-8. What a client has up to there it need not get again.
struct EventID: Sendable, Hashable, CustomStringConvertible {
    var message: UUID
    var offset: Int

    init(message: UUID, offset: Int) {
        self.message = message
        self.offset = offset
    }

    init?(_ text: String) {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2, let message = UUID(uuidString: String(fields[0])), let offset = Int(fields[1]),
            offset >= 0
        else { return nil }
        self.init(message: message, offset: offset)
    }

    var description: String { "\(message.text):\(offset)" }
}
