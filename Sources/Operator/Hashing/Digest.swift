import COpenSSL
import K8sClient

/// The first half of a SHA-256, by libcrypto: tells whether something is still the same.
///
/// Halved, because every object of every backend keeps two of them in its status; 128 bits still never collide by chance.
struct Digest: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Of nothing that exists: what stands for a value that is not there.
    static let none = Digest(high: 0, low: 0)

    /// The digest of a document's canonical bytes: equal values have equal ones.
    init(of value: JSONValue) {
        self.init(of: value.jsonBytes())
    }

    /// The digest of a text's UTF-8 bytes.
    init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// A keyed digest (HMAC-SHA-256, halved): who does not have the key cannot try values against it.
    init(of value: JSONValue, key: String) {
        let bytes = value.jsonBytes()
        let key = Array(key.utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &digest, &length)
        self.init(digest)
    }

    private init(of bytes: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        bytes.withUnsafeBufferPointer { _ = SHA256($0.baseAddress, $0.count, &digest) }
        self.init(digest)
    }

    /// The first half of a digest.
    private init(_ digest: [UInt8]) {
        func number(_ range: Range<Int>) -> UInt64 { digest[range].reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: number(0..<8), low: number(8..<16))
    }
}

extension Digest: CustomStringConvertible {
    /// 32 hexadecimal digits.
    var description: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = [high, low].flatMap { number in
            stride(from: 60, through: 0, by: -4).map { digits[Int(number >> UInt64($0) & 15)] }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Digest: Codable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// A text that is no digest, such as somebody's edit, reads as the digest of nothing: what it stood for is done again.
    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else {
            self = .none
            return
        }
        self.init(high: high, low: low)
    }
}
