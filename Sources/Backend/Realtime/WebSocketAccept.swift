import COpenSSL
import FoundationEssentials

/// The proof that a server understands WebSocket (RFC 6455, section 4.2.2).
enum WebSocketAccept {
    /// - Parameter key: The value of `Sec-WebSocket-Key`.
    static func value(for key: String) -> String {
        let input = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        // No secret is in it; SHA-1 is what the standard says.
        _ = COpenSSL.SHA1(input, input.count, &digest)
        return Data(digest).base64EncodedString()
    }
}
