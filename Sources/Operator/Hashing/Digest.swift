import COpenSSL
import K8sClient

/// Short stable hashes of JSON values, by libcrypto's SHA-256.
enum Digest {
    /// The first 16 bytes of the SHA-256 of the value's canonical bytes, as 32 hexadecimal digits.
    ///
    /// Halved, because every object of every backend keeps two of them in its status; 128 bits still never collide by chance.
    static func hash(of value: JSONValue) -> String {
        let bytes = value.jsonBytes()
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        bytes.withUnsafeBufferPointer { _ = SHA256($0.baseAddress, $0.count, &digest) }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for byte in digest.prefix(16) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
