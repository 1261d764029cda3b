import NIOCore

/// Carries out what ``RedisConnectionStateMachine`` decides, on the channel's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the connection's owner learns; called on the event loop.
    struct Events: Sendable {
        var established: @Sendable () -> Void
        var pushed: @Sendable ([RESPValue]) -> Void
        var refused: @Sendable (RedisError) -> Void
        var stalled: @Sendable () -> Void
        /// Called once, with why, for a connection whose handshake was begun.
        var closed: @Sendable (RedisError) -> Void
    }

    private let handshake: RedisHandshake
    let outbox: RedisOutbox
    private let events: Events
    private let heartbeatInterval: TimeAmount
    private var parser = RESPParser()
    private var machine: RedisConnectionStateMachine<RedisReply>
    private var timer: Scheduled<Void>?
    private var heartbeat: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var closeReason: RedisError?
    private var isStarted = false

    init(_ configuration: RedisConfiguration, handshake: RedisHandshake, events: Events) {
        self.handshake = handshake
        outbox = RedisOutbox(configuration)
        self.events = events
        heartbeatInterval = TimeAmount(configuration.heartbeatInterval)
        machine = RedisConnectionStateMachine(
            timing: .init(
                handshake: TimeAmount(configuration.connectDeadline),
                command: TimeAmount(configuration.commandDeadline),
                stallLimit: TimeAmount(configuration.stallLimit)))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Begins the handshake. Not done as soon as the channel is active: of the connections that are tried to a host with several
    /// addresses, only one is kept.
    func start() throws(RedisError) {
        guard let context else { throw closeReason ?? RedisError(.connectionLost, "the connection ended") }
        isStarted = true
        var buffer = context.channel.allocator.buffer(capacity: 256)
        for command in machine.connected(handshake, now: .now()) { command.encode(into: &buffer) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        armTimer(context)
    }

    /// Sends what was posted.
    func drain() {
        let posted = outbox.drain()
        guard let context else { return outbox.finish(posted.replies, RedisError(.unavailable, "not connected")) }
        switch machine.submit(posted.replies, now: .now()) {
        case .write:
            context.writeAndFlush(wrapOutboundOut(posted.unsent), promise: nil)
            armTimer(context)
        case .fail(let error):
            outbox.finish(posted.replies, error)
            // Nobody would learn of the others: a new connection asks for them again.
            if posted.hasUnanswered { close(context, error) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data))
        do {
            while closeReason == nil, let value = try parser.next() { received(value, context) }
        } catch {
            close(context, RedisError(.protocolViolation, "the server sent \(error.description)"))
        }
    }

    private func received(_ value: RESPValue, _ context: ChannelHandlerContext) {
        switch machine.received(value) {
        case .none: break
        case .established:
            outbox.set(.ready)
            scheduleHeartbeat(context)
            events.established()
        case .complete(let reply, let value): outbox.finish(reply, value)
        case .push(let elements): events.pushed(elements)
        case .refused(let error): events.refused(error)
        case .recovered: outbox.set(.ready)
        case .close(let error): close(context, error)
        }
    }

    /// One timer serves all commands: it is set again when it fires and something still waits.
    private func armTimer(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline = machine.nextDeadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timer = nil
            timerFired()
        }
    }

    private func timerFired() {
        guard let context else { return }
        switch machine.timerFired(now: .now()) {
        case .none: break
        case .stall(let replies, let error):
            // Closed to new commands first: whoever is let go may ask again at once.
            outbox.set(.stalled)
            outbox.finish(replies, error)
            events.stalled()
        case .close(let error): close(context, error)
        }
        armTimer(context)
    }

    private func scheduleHeartbeat(_ context: ChannelHandlerContext) {
        heartbeat = context.eventLoop.assumeIsolated().scheduleTask(in: heartbeatInterval) { [self] in
            guard let context = self.context else { return }
            if machine.heartbeat(now: .now()) {
                var buffer = context.channel.allocator.buffer(capacity: 16)
                RedisCommand("PING").encode(into: &buffer)
                context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
                armTimer(context)
            }
            scheduleHeartbeat(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context, RedisError(connecting: error))
    }

    private func close(_ context: ChannelHandlerContext, _ reason: RedisError) {
        if closeReason == nil { closeReason = reason }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
    }

    private func ended() {
        guard context != nil else { return }
        context = nil
        timer?.cancel()
        heartbeat?.cancel()
        guard isStarted else { return }
        let reason = closeReason ?? RedisError(.connectionLost, "the connection ended")
        outbox.set(.closed)
        outbox.finish(machine.closed() + outbox.drain().replies, reason)
        events.closed(reason)
    }
}
