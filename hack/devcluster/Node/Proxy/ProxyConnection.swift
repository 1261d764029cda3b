import NIOCore
import NIOPosix

/// One half of a proxied connection: what it reads, its partner writes.
///
/// Both halves are on one event loop. A half reads only while its partner can write, so that a slow side slows the other
/// and nothing is buffered beyond the channels' water marks; the end of one direction is passed on alone.
final class ProxyConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: ProxyConnection?
    private var context: ChannelHandlerContext?
    private var wantsRead = false
    private var hasEndedInput = false
    private var isEndingOutput = false
    private var hasEndedOutput = false

    private let backends: Backends?

    /// The client's half, which connects to the first of the endpoints that answers; without one the client is closed.
    init(backends: Backends) { self.backends = backends }

    private init() { backends = nil }

    func channelActive(context: ChannelHandlerContext) {
        // Not before: a channel that is not active yet forgets that it was told to read.
        if let backends { attempt(context.channel, backends.candidates()[...]) }
        context.fireChannelActive()
    }

    private func attempt(_ client: any Channel, _ endpoints: ArraySlice<Backends.Endpoint>) {
        guard let endpoint = endpoints.first else { return client.close(promise: nil) }
        ClientBootstrap(group: client.eventLoop)
            .connectTimeout(.seconds(5))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .connect(host: endpoint.address, port: endpoint.port)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let server): self.join(client, server)
                case .failure: self.attempt(client, endpoints.dropFirst())
                }
            }
    }

    private func join(_ client: any Channel, _ server: any Channel) {
        let back = ProxyConnection()
        partner = back
        back.partner = self
        do {
            try server.pipeline.syncOperations.addHandler(back)
            client.read()
            server.read()
        } catch {
            // It closed meanwhile.
            client.close(promise: nil)
            server.close(promise: nil)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.context?.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        readOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.readIfWanted() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            hasEndedInput = true
            partner?.endOutput()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        partner?.context?.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset of one side is a reset for the other.
        context.close(promise: nil)
    }

    private func readOn() {
        guard !hasEndedInput, let context else { return }
        if partner?.context?.channel.isWritable ?? false {
            context.read()
        } else {
            wantsRead = true
        }
    }

    private func readIfWanted() {
        guard wantsRead else { return }
        wantsRead = false
        readOn()
    }

    /// Passes on the end of the partner's input, after what came before it.
    private func endOutput() {
        guard !isEndingOutput, let context else { return }
        isEndingOutput = true
        let drained = context.eventLoop.makePromise(of: Void.self)
        drained.futureResult.assumeIsolated().whenComplete { _ in
            guard let context = self.context else { return }
            self.hasEndedOutput = true
            if let partner = self.partner, partner.hasEndedOutput {
                partner.context?.close(promise: nil)
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
            }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: drained)
    }
}
