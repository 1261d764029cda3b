import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// A connection to a server, for one exchange at a time. It belongs to its loop.
///
/// It has one timer, which looks at what the time is when it ends and is seldom set anew: swift-nio looks for a timer that is
/// cancelled among all those of its loop, which with thousands of streams open was most of what a piece cost.
final class UpstreamConnection: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Phase {
        /// Until TLS is agreed on.
        case connecting
        case idle
        case head, body
        case closed
    }

    let server: Int
    private let limits: UpstreamConnections.Limits
    private let usesTLS: Bool
    private weak var pool: UpstreamConnections?
    private var phase = Phase.connecting
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    /// Whether it has brought an answer before: a server may close such a one at any time.
    private var isReused = false
    private var isKept = false
    private var isReadWithheld = false
    private var lastActivity = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var timerEnd = NIODeadline.distantFuture

    /// - Parameter exchange: What it is made for.
    init(for exchange: Exchange, pool: UpstreamConnections, limits: UpstreamConnections.Limits) {
        self.exchange = exchange
        self.pool = pool
        self.limits = limits
        server = exchange.request.server
        usesTLS = exchange.request.address.usesTLS
    }

    /// Whether it can take an exchange.
    var isFree: Bool { phase == .idle && context?.channel.isActive == true }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(ExchangeFailure.connectionClosed)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if usesTLS { setTimer(context) } else { ready() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, phase == .connecting { ready() }
        context.fireUserInboundEventTriggered(event)
    }

    private func ready() {
        phase = .idle
        guard let exchange else { return close() }
        self.exchange = nil
        send(exchange)
    }

    /// Sends the exchange's request. The connection must be free.
    func send(_ exchange: Exchange) {
        guard let context, exchange.attach(NIOLoopBound(self, eventLoop: context.eventLoop)) else {
            // It is over already: whoever wanted it has gone.
            release()
            return
        }
        self.exchange = exchange
        phase = .head
        lastActivity = .now()
        context.write(wrapOutboundOut(.head(exchange.request.head)), promise: nil)
        if let body = exchange.request.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        setTimer(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else {
            // Nothing was asked, so it is no answer.
            if phase != .closed { fail(ExchangeFailure.unexpectedPart) }
            return
        }
        lastActivity = .now()
        switch unwrapInboundIn(data) {
        case .head(let head):
            phase = .body
            isKept = head.isKeepAlive
            exchange.receive(head)
        case .body(let piece): exchange.receive(piece)
        case .end:
            self.exchange = nil
            exchange.complete()
            exchange.tell()
            isReused = true
            if isKept { release() } else { close() }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.tell()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        isReadWithheld = exchange?.withholdsReads() ?? false
        if !isReadWithheld { context.read() }
    }

    /// The reader has caught up.
    func resumeReading(of exchange: Exchange) {
        guard isReadWithheld, self.exchange === exchange else { return }
        isReadWithheld = false
        // The time in which nothing was read is not the server's.
        lastActivity = .now()
        context?.read()
    }

    /// Nobody reads the answer on: the server is to stop.
    func abandon(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        close()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(ExchangeFailure.connectionClosed)
        context.fireChannelInactive()
    }

    /// Ends it, and what is on it.
    func fail(_ error: any Error) {
        end(error)
        context?.close(promise: nil)
    }

    func close() {
        fail(ExchangeFailure.connectionClosed)
    }

    /// Takes it out of use.
    private func end(_ error: any Error) {
        guard phase != .closed else { return }
        let isStale = phase == .head && isReused && Self.isClosing(error)
        phase = .closed
        timer?.cancel()
        timer = nil
        let exchange = exchange
        self.exchange = nil
        pool?.remove(self)
        guard let exchange else { return }
        if isStale, let pool {
            // The server closed it before it saw the request, as far as one can tell.
            exchange.detach()
            pool.startAfresh(exchange)
        } else {
            exchange.fail(error)
        }
    }

    private static func isClosing(_ error: any Error) -> Bool {
        if case .connectionClosed? = error as? ExchangeFailure { return true }
        if case .uncleanShutdown? = error as? NIOSSLError { return true }
        return error is IOError || error is ChannelError
    }

    /// The exchange is over, and the connection free for others.
    private func release() {
        guard let context, context.channel.isActive, let pool else { return close() }
        phase = .idle
        lastActivity = .now()
        if isReadWithheld {
            isReadWithheld = false
            context.read()
        }
        setTimer(context)
        pool.release(self)
    }
}

// MARK: Time

extension UpstreamConnection {
    private var deadline: NIODeadline {
        switch phase {
        case .connecting: lastActivity + limits.connectTimeout
        case .idle: lastActivity + limits.keepTime
        case .head: exchange?.request.headDeadline ?? .distantFuture
        case .body: min(exchange?.request.deadline ?? .distantFuture, idleDeadline)
        case .closed: .distantFuture
        }
    }

    /// While the reader is behind, the server is not asked for anything.
    private var idleDeadline: NIODeadline { isReadWithheld ? .distantFuture : lastActivity + limits.idleTimeout }

    /// Sets the timer unless it ends early enough as it is.
    private func setTimer(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        // Looking after a while again is less work than setting it anew with each change.
        let end = min(deadline, now + limits.keepTime)
        if let timer {
            guard end < timerEnd else { return }
            timer.cancel()
        }
        timerEnd = end
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: max(.zero, end - now)) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        let now = NIODeadline.now()
        guard now >= deadline else { return setTimer(context) }
        switch phase {
        case .connecting: fail(ExchangeFailure.connectTimeout)
        case .idle: close()
        case .head: fail(ExchangeFailure.headTimeout)
        case .body: fail(now >= idleDeadline ? ExchangeFailure.idleTimeout : .totalTimeout)
        case .closed: break
        }
    }
}
