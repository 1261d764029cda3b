import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Ends an answer of which nothing has come for too long, on a connection of async-http-client.
///
/// The library's own time-out sets a new timer with each piece, and swift-nio looks for the old one among all timers of its loop: with
/// thousands of streams open, that was most of what a piece cost. Here a piece only notes the time, and the one timer of a connection
/// looks at that when it ends.
final class IdleReadHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart

    private let timeout: TimeAmount
    private var lastActivity = NIODeadline.now()
    private var isAnswered = false
    /// From the end of a request to that of its answer.
    private var isWaiting = false
    private var timer: Scheduled<Void>?

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: isAnswered = false
        case .body: break
        case .end where isAnswered: break
        case .end:
            lastActivity = .now()
            isWaiting = true
            if timer == nil { startTimer(context, in: timeout) }
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastActivity = .now()
        if case .end = unwrapInboundIn(data) {
            isAnswered = true
            isWaiting = false
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func end() {
        isWaiting = false
        timer?.cancel()
        timer = nil
    }

    private func startTimer(_ context: ChannelHandlerContext, in time: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        // The next request starts it again.
        guard isWaiting else { return }
        let rest = lastActivity + timeout - .now()
        if rest > .zero {
            startTimer(context, in: rest)
        } else {
            isWaiting = false
            context.fireErrorCaught(HTTPClientError.readTimeout)
        }
    }
}
