import NIOCore
import NIOWebSocket

/// The protocol's own business on an open WebSocket (RFC 6455): fragments, pings, closing, and the bounds on all of them.
final class WebSocketConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = WebSocketFrame

    /// A message is at most the longest text that may be written, with each character escaped.
    static let maximumMessage = 2 * 1024 * 1024
    static let maximumFrame = maximumMessage
    /// Fragments of one message: enough for one of the greatest size in pieces of 4 KiB.
    static let maximumFragments = 512
    /// Messages that were read and not dealt with yet; beyond these the socket is not read.
    private static let maximumWaiting = 16

    /// How long a client may take.
    struct Limits: Sendable {
        var pingInterval = TimeAmount.seconds(25)
        /// A connection on which nothing came for two pings is dead.
        var idleTimeout = TimeAmount.seconds(60)
        /// For the answer to a close.
        var closeTimeout = TimeAmount.seconds(5)
        /// A client that takes nothing for this long is not worth waiting for. It is looked at with each ping.
        var writeTimeout = TimeAmount.seconds(60)
    }

    private let limits: Limits

    private enum State {
        case open
        /// A close was sent; one is awaited.
        case closing
        case closed
    }

    let messages: AsyncStream<WebSocketMessage>
    private let source: AsyncStream<WebSocketMessage>.Continuation
    private var context: ChannelHandlerContext?
    private var state = State.open
    private var fragments = ByteBuffer()
    private var fragmentCount = 0
    private var waiting = 0
    private var isReadHeld = false
    private var lastRead = NIODeadline.now()
    /// When the oldest write that the socket did not take yet was made.
    private var pendingWrites = 0
    private var lastWriteTaken = NIODeadline.now()
    private var ping: Scheduled<Void>?

    init(limits: Limits = Limits()) {
        self.limits = limits
        // Bounded by what is read: see `maximumWaiting`.
        (messages, source) = AsyncStream.makeStream()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        finish()
    }

    /// Begins to watch over the connection.
    func start() {
        schedulePing()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        let frame = unwrapInboundIn(data)
        guard state != .closed else { return }
        guard frame.maskKey != nil else { return close(.protocolError, "frames must be masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return close(.protocolError, "no extension was agreed on") }
        // What comes after our close is of no interest, but for the answer to it.
        if state == .closing, frame.opcode != .connectionClose { return }
        switch frame.opcode {
        case .text, .continuation: readMessage(frame)
        case .binary: close(.unacceptableData, "messages are text")
        case .ping: write(.pong, frame.unmaskedData)
        case .pong: break
        case .connectionClose: readClose(frame)
        default: close(.protocolError, "unknown opcode")
        }
    }

    private func readMessage(_ frame: WebSocketFrame) {
        let isContinuation = frame.opcode == .continuation
        guard isContinuation == (fragmentCount > 0) else {
            return close(.protocolError, isContinuation ? "nothing to continue" : "the last message is not at its end")
        }
        var data = frame.unmaskedData
        guard fragmentCount < Self.maximumFragments, fragments.readableBytes + data.readableBytes <= Self.maximumMessage
        else { return close(.messageTooLarge, "the message is too large") }
        fragmentCount += 1
        fragments.writeBuffer(&data)
        guard frame.fin else { return }
        let message = fragments
        fragments = ByteBuffer()
        fragmentCount = 0
        guard String(validating: message.readableBytesView, as: UTF8.self) != nil else {
            return close(.dataInconsistentWithMessage, "text must be UTF-8")
        }
        waiting += 1
        source.yield(.text(message))
    }

    private func readClose(_ frame: WebSocketFrame) {
        guard let context else { return }
        if state == .open {
            // The answer says what the client said.
            var data = frame.unmaskedData
            let code = data.readInteger(as: UInt16.self)
            let isSane = code.map {
                (1000...1014).contains($0) && ![1004, 1005, 1006].contains($0) || (3000...4999).contains($0)
            }
            write(.connectionClose, Self.closeData(isSane == false ? 1002 : code ?? 1000, ""))
        }
        finish()
        context.flush()
        context.close(promise: nil)
    }

    /// The socket is read only while what was read is dealt with.
    func read(context: ChannelHandlerContext) {
        guard waiting < Self.maximumWaiting || state != .open else {
            isReadHeld = true
            return
        }
        context.read()
    }

    func didHandleMessage() {
        waiting -= 1
        guard isReadHeld, waiting < Self.maximumWaiting, let context else { return }
        isReadHeld = false
        context.read()
    }

    // MARK: Writing

    func send(_ text: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard state == .open, let context else { return promise.fail(ChannelError.ioOnClosedChannel) }
        if pendingWrites == 0 { lastWriteTaken = .now() }
        pendingWrites += 1
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            pendingWrites -= 1
            lastWriteTaken = .now()
        }
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: text)), promise: promise)
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    /// Says why it ends, and ends when the client has answered or took too long.
    func close(_ code: WebSocketErrorCode, _ reason: String) {
        guard state == .open, let context else { return }
        state = .closing
        source.finish()
        write(.connectionClose, Self.closeData(UInt16(webSocketErrorCode: code), reason))
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: limits.closeTimeout) { bound.value.close(promise: nil) }
        // What was held back may be the answer.
        if isReadHeld { context.read() }
    }

    private static func closeData(_ code: UInt16, _ reason: String) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeInteger(code)
        data.writeString(reason)
        return data
    }

    // MARK: Ends

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // A WebSocket has no half that could be closed.
        case ChannelEvent.inputClosed:
            finish()
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent: source.yield(.ending)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: close(.messageTooLarge, "the frame is too large")
        case is NIOWebSocketError: close(.protocolError, "the frame is not valid")
        default:
            finish()
            context.close(promise: nil)
        }
    }

    private func finish() {
        state = .closed
        ping?.cancel()
        ping = nil
        source.finish()
    }

    private func schedulePing() {
        guard let context else { return }
        ping = context.eventLoop.assumeIsolated().scheduleTask(in: limits.pingInterval) { [self] in
            guard state == .open, let context = self.context else { return }
            let now = NIODeadline.now()
            let isStuck = pendingWrites > 0 && now - lastWriteTaken > limits.writeTimeout
            // While the socket is not read, silence is our own doing.
            guard isReadHeld || now - lastRead < limits.idleTimeout, !isStuck else {
                finish()
                context.close(promise: nil)
                return
            }
            write(.ping, ByteBuffer())
            schedulePing()
        }
    }
}
