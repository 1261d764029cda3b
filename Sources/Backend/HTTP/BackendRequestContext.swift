import Hummingbird
import Logging
import NIOCore

/// What middleware and handlers know of a request besides the request itself.
struct BackendRequestContext: RequestContext, RemoteAddressRequestContext {
    /// The largest body that is read: the guide's `client_max_body_size 10M`.
    static let bodyLimit = 10 * 1024 * 1024

    var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil when a test calls the router directly.
    let remoteAddress: SocketAddress?
    /// Names the request in logs and in the answer's `X-Request-Id`.
    private(set) var requestID: RequestIdentifier

    var maxUploadSize: Int { Self.bodyLimit }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
        requestID = RequestIdentifier()
        // Ours takes its place, in the header's spelling.
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request_id"] = "\(requestID)"
    }

    /// This context with the name that the client gave the request.
    func identified(as id: RequestIdentifier) -> BackendRequestContext {
        var context = self
        context.requestID = id
        context.logger[metadataKey: "request_id"] = "\(id)"
        return context
    }
}

/// Names one request.
struct RequestIdentifier: Sendable, Equatable, CustomStringConvertible {
    let description: String

    /// A new name: 128 random bits.
    init() {
        var generator = SystemRandomNumberGenerator()
        description = Self.digits(generator.next()) + Self.digits(generator.next())
    }

    /// A name from a client; nil when it is one that could disturb logs: too long, or of other characters than identifiers have.
    init?(parsing text: String) {
        let isSane =
            (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.:".utf8.contains(byte)
            }
        guard isSane else { return nil }
        description = text
    }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
