/// Titles of conversations, as pure text.
enum TitleText {
    /// Characters that fit a list's line.
    static let maximumLength = 60

    /// What a model is asked.
    static let instruction = """
        Give this conversation a title of at most six words in the language of its first message. Answer with the title only: no \
        quotation marks, no full stop.
        """

    /// A title from the first words of a message; nil when it has none.
    static func firstWords(of message: String) -> String? {
        let words = message.split(whereSeparator: { $0.isWhitespace || $0.isNewline })
        guard let first = words.first else { return nil }
        var title = String(first)
        for word in words.dropFirst() {
            guard title.count + 1 + word.count <= maximumLength else {
                title += "…"
                break
            }
            title += " " + word
        }
        // Scripts without spaces, and words without end.
        return title.count <= maximumLength + 1 ? title : title.prefix(maximumLength) + "…"
    }

    /// What a model answered, as a title; nil when it is none.
    static func cleaned(_ answer: String) -> String? {
        let line = answer.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }
        guard let line else { return nil }
        let quotes: Set<Character> = ["\"", "'", "“", "”", "„", "«", "»", "「", "」", "*", "#", "`"]
        let trimmed = line.drop { quotes.contains($0) || $0.isWhitespace }
        let title = String(
            trimmed.reversed().drop { quotes.contains($0) || $0.isWhitespace || $0 == "." || $0 == "。" }.reversed())
        guard !title.isEmpty else { return nil }
        return firstWords(of: title)
    }
}
