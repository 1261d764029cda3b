import NIOCore
import NIOPosix
import NIOSSL

/// A connection whose handshake is complete.
struct RedisConnection: Sendable {
    let channel: any Channel
    let outbox: RedisOutbox
    /// Has the event loop send what was posted.
    let scheduleDrain: @Sendable () -> Void

    /// Sends a command and waits for its reply, at most for the command deadline.
    func send(_ command: RedisCommand) async -> Result<RESPValue, RedisError> {
        // A cancelled caller waits as well: it is a short while, and replies come in order.
        await withCheckedContinuation { reply in
            switch outbox.post(command, reply) {
            case .posted: break
            case .drainNeeded: scheduleDrain()
            case .refused(let error): reply.resume(returning: .failure(error))
            }
        }
    }

    /// Sends a command that is answered by pushes alone. When it cannot be sent, the connection is given up: what was to be
    /// subscribed is renewed on the next one.
    func post(_ command: RedisCommand) {
        switch outbox.post(command, nil) {
        case .posted: break
        case .drainNeeded: scheduleDrain()
        case .refused: channel.close(promise: nil)
        }
    }
}

/// Makes connections.
struct RedisConnector: Sendable {
    private let configuration: RedisConfiguration
    private let clientName: String
    private let tls: NIOSSLContext?

    /// - Throws: `NIOSSLError` when the authorities cannot be read.
    init(_ configuration: RedisConfiguration, purpose: String) throws {
        self.configuration = configuration
        clientName = "\(configuration.clientName)-\(purpose)"
        guard configuration.url.usesTLS else {
            tls = nil
            return
        }
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        if let file = configuration.authorityFile { settings.trustRoots = .file(file) }
        tls = try NIOSSLContext(configuration: settings)
    }

    /// Connects and shakes hands.
    /// - Parameter events: What happens to the connection afterwards.
    func connect(_ events: RedisChannelHandler.Events) async throws(RedisError) -> RedisConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let established = loop.makePromise(of: Void.self)
        var observed = events
        observed.established = {
            events.established()
            established.succeed()
        }
        observed.closed = { error in
            events.closed(error)
            // Does nothing once it was established.
            established.fail(error)
        }
        let connected = open(on: loop, observed)
        connected.whenComplete { result in
            switch result {
            case .failure(let error): established.fail(error)
            // Also for a connection that comes when nobody waits for it any more.
            case .success(let connection):
                established.futureResult.whenFailure { _ in connection.channel.close(promise: nil) }
            }
        }
        do {
            return try await withTaskCancellationHandler {
                try await established.futureResult.get()
                return try await connected.get()
            } onCancel: {
                established.fail(RedisError(.unavailable, "cancelled"))
            }
        } catch {
            throw RedisError(connecting: error)
        }
    }

    /// Makes a connection and begins its handshake.
    private func open(on loop: any EventLoop, _ events: RedisChannelHandler.Events) -> EventLoopFuture<RedisConnection>
    {
        let url = configuration.url
        return ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(TimeAmount(configuration.connectDeadline))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        // An address is no name to ask for; NIOSSL checks the certificate against the peer's then.
                        let name = NetworkName.isIPAddress(url.host) ? nil : url.host
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHandler(
                        RedisChannelHandler(
                            configuration, handshake: RedisHandshake(url: url, clientName: clientName), events: events))
                }
            }
            .connect(host: url.host, port: url.port)
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self)
                try handler.start()
                let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
                return RedisConnection(channel: channel, outbox: handler.outbox) {
                    channel.eventLoop.execute { bound.value.drain() }
                }
            }
    }
}
