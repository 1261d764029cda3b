import NIOCore
import NIOHTTP1

/// Sends a request's head together with its body: async-http-client sends the head alone, which is a second system call here and a
/// second packet for the server to wake up for.
///
/// For requests whose bodies are in memory: the body, or the request's end, follows the head at once.
final class RequestHeadHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart

    /// Whether a head waits for what follows it.
    private var isHolding = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head = unwrapOutboundIn(data) { isHolding = true } else { isHolding = false }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !isHolding { context.flush() }
    }
}
