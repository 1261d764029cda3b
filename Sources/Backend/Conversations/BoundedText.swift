/// Text from a client whose length has a bound.
protocol BoundedText: Decodable, Sendable, Hashable {
    /// In bytes of UTF-8: it bounds what is kept and carried along, whatever the language.
    static var maximumBytes: Int { get }
    /// Whether it may be nothing but white space.
    static var mayBeBlank: Bool { get }
    var text: String { get }
    init(checked text: String)
}

extension BoundedText {
    /// - Throws: ``InvalidValue``, worded to follow the field's name.
    init(_ text: String) throws(InvalidValue) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue("must have at most \(Self.maximumBytes) bytes")
        }
        guard Self.mayBeBlank || !text.allSatisfy(\.isWhitespace) else { throw InvalidValue("must not be empty") }
        // PostgreSQL's text cannot hold it.
        guard !text.utf8.contains(0) else { throw InvalidValue("must not contain NUL characters") }
        self.init(checked: text)
    }

    init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }
}

/// A conversation's title: one line.
struct ConversationTitle: BoundedText {
    static let maximumBytes = 800
    static let mayBeBlank = false
    let text: String

    init(checked text: String) {
        self.text = String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// The name of a model, as the upstream knows it.
struct ModelName: BoundedText {
    static let maximumBytes = 200
    static let mayBeBlank = false
    let text: String

    init(checked text: String) { self.text = text }
}

/// What is said to the model before everything else.
struct SystemPrompt: BoundedText {
    static let maximumBytes = 32 * 1024
    static let mayBeBlank = true
    let text: String

    init(checked text: String) { self.text = text }
}

/// A message that a user writes.
struct MessageText: BoundedText {
    static let maximumBytes = 256 * 1024
    static let mayBeBlank = false
    let text: String

    init(checked text: String) { self.text = text }
}

/// A message of a document that is imported: what was generated elsewhere may be longer, or nothing.
struct ImportedText: BoundedText {
    static let maximumBytes = 2 * 1024 * 1024
    static let mayBeBlank = true
    let text: String

    init(checked text: String) { self.text = text }
}
