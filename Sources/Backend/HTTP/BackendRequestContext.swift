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
    /// The connection that the request came on.
    let channel: any Channel
    /// Names the request in logs and in the answer's `X-Request-Id`.
    private(set) var requestID: RequestIdentifier

    var maxUploadSize: Int { Self.bodyLimit }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
        channel = source.channel
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
