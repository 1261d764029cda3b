/// An API key as its user has it: `sk-cb-` and 256 random bits. Shown once; what is kept is its SHA-256, which is enough for
/// something that nobody can guess.
struct APIKeySecret: Sendable {
    static let prefix = "sk-cb-"
    private static let length = prefix.utf8.count + 43

    let text: String

    /// A new key.
    init() {
        text = Self.prefix + RandomToken.make()
    }

    /// - Returns: Nil for what cannot be a key; that is found out without looking for it anywhere.
    init?(parsing text: String) {
        guard text.utf8.count == Self.length, text.hasPrefix(Self.prefix) else { return nil }
        self.text = text
    }

    var digest: SHA256Digest { SHA256Digest(of: text) }

    /// Enough for its owner to tell it from others, too little for anybody to guess the rest.
    var displayPrefix: String { String(text.prefix(Self.prefix.count + 6)) }
}
