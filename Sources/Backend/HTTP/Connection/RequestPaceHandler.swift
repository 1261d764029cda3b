import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose client sends a request too slowly ("slowloris"): each would hold a descriptor for as long as it likes.
///
/// A head must be complete within a time of its first byte, and a body must keep a pace while we are waiting for it; time in which
/// this side does not ask for more does not count. Between requests the server's idle time-out holds. A request that comes in one
/// piece, as nearly all do, costs no timer.
final class RequestPaceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a client must keep up with.
    struct Limits: Sendable {
        /// For a whole head, and between two looks at a body. nginx gives 60 s, and Apache 20 to 40.
        var window: TimeAmount = .seconds(30)
        /// What must have come of a body in one window.
        var bodyBytes = 8192
    }

    /// What the client is in the middle of sending.
    fileprivate enum Phase {
        case nothing, head, body
        /// The connection is no longer HTTP's, or is closing.
        case over
    }

    private let limits: Limits
    private let metrics: HTTPMetrics
    private var phase = Phase.nothing
    private var unanswered = 0
    private var bodyBytes = 0
    private var isReading = true
    private var timer: Scheduled<Void>?

    init(metrics: HTTPMetrics, limits: Limits = Limits()) {
        self.metrics = metrics
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(ByteWatcher(pace: self), position: .first)
        } catch {
            // Only a pipeline that is being torn down refuses handlers.
            context.fireErrorCaught(error)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            enter(.body)
        case .body(let chunk): bodyBytes += chunk.readableBytes
        case .end: enter(.nothing)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .head || phase == .body { startTimer(context) }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols: end()
        case .end: unanswered -= 1
        default: break
        }
        context.write(data, promise: promise)
    }

    /// Bytes have come, of which kind is not known yet.
    fileprivate func bytesArrived() {
        isReading = false
        if phase == .nothing, unanswered == 0 { phase = .head }
    }

    private func enter(_ next: Phase) {
        guard phase != .over else { return }
        phase = next
        bodyBytes = 0
        timer?.cancel()
        timer = nil
    }

    private func end() {
        enter(.over)
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limits.window) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        switch phase {
        case .nothing, .over: return
        case .head:
            end()
            refuse(context)
        case .body:
            guard isReading, bodyBytes < limits.bodyBytes else {
                bodyBytes = 0
                startTimer(context)
                return
            }
            end()
            // Whoever reads the body may be answering already: there is no room for an answer of ours.
            context.close(promise: nil)
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let error = APIError.requestTimeout
        metrics.record(method: nil, route: HTTPMetrics.unmatchedRoute, status: error.status, duration: nil)
        let body = error.body
        let head = HTTPResponse(
            status: error.status,
            headerFields: [
                .contentType: JSONBody.contentType, .contentLength: String(body.readableBytes), .connection: "close",
                .requestID: RequestIdentifier().description,
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}

/// Tells the pace of bytes before HTTP makes parts of them.
private final class ByteWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let pace: RequestPaceHandler

    init(pace: RequestPaceHandler) {
        self.pace = pace
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pace.bytesArrived()
        context.fireChannelRead(data)
    }
}
