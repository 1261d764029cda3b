import COpenSSL

/// 32 bytes of SHA-256, kept as words: it is a key of the hottest dictionary there is.
struct SHA256Digest: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of `text` in UTF-8.
    init(of text: String) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var text = text
        text.withUTF8 { input in
            withUnsafeMutableBytes(of: &words) { output in
                _ = COpenSSL.SHA256(
                    input.baseAddress, input.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
        }
        self.words = words
    }

    /// In the order of the standard.
    var bytes: [UInt8] {
        withUnsafeBytes(of: words) { Array($0) }
    }

    static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        left.words == right.words
    }

    func hash(into hasher: inout Hasher) {
        // A digest's bits are as good as random: one word tells as much as all four.
        hasher.combine(words.0)
    }
}
