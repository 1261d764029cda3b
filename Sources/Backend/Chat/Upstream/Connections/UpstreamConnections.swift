import DequeModule
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The connections of one event loop, those in use and those kept for the next request. It belongs to its loop.
final class UpstreamConnections {
    struct Limits: Sendable {
        /// To establish a connection, TLS included.
        var connectTimeout: TimeAmount
        /// Between two pieces of an answer.
        var idleTimeout: TimeAmount
        /// How long one is kept that nobody uses: below the time after which common servers close it.
        var keepTime = TimeAmount.seconds(50)
        /// Connections of a loop; further exchanges wait for one.
        var connections: Int
    }

    private let loop: any EventLoop
    private let limits: Limits
    private let tls: Result<NIOSSLContext, any Error>?
    /// By server; the last one used is used next, so that those of a busy hour go when it is over.
    private var idle: [Int: [UpstreamConnection]] = [:]
    /// All of them, and those that are being made.
    private var open: [ObjectIdentifier: UpstreamConnection] = [:]
    private var waiting = Deque<Exchange>()
    private var isClosed = false

    /// - Parameter tls: Nil when no server needs it.
    init(loop: any EventLoop, limits: Limits, tls: Result<NIOSSLContext, any Error>?) {
        self.loop = loop
        self.limits = limits
        self.tls = tls
    }

    /// Has a connection carry out the exchange: a kept one, a new one, or the next that is free.
    func start(_ exchange: Exchange) {
        if !exchange.isOver, let connection = takeIdle(exchange.request.server) {
            connection.send(exchange)
        } else {
            startAfresh(exchange)
        }
    }

    /// As ``start(_:)``, on a connection that nobody has used before.
    func startAfresh(_ exchange: Exchange) {
        guard !exchange.isOver else { return }
        guard !isClosed else { return exchange.fail(ExchangeFailure.shutDown) }
        if open.count >= limits.connections { closeAnIdleOne() }
        guard open.count < limits.connections else { return wait(exchange) }
        connect(exchange)
    }

    private func takeIdle(_ server: Int) -> UpstreamConnection? {
        while let connection = idle[server]?.popLast() {
            if connection.isFree { return connection }
        }
        return nil
    }

    private func closeAnIdleOne() {
        // `close` takes it out of the list.
        idle.values.lazy.compactMap(\.first).first?.close()
    }

    private func wait(_ exchange: Exchange) {
        waiting.append(exchange)
        let time = max(.zero, min(limits.connectTimeout, exchange.request.headDeadline - .now()))
        loop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            guard let self, let index = waiting.firstIndex(where: { $0 === exchange }) else { return }
            waiting.remove(at: index)
            exchange.fail(ExchangeFailure.noConnection)
        }
    }

    /// The connection is free.
    func release(_ connection: UpstreamConnection) {
        guard !isClosed else { return connection.close() }
        while let next = waiting.first {
            if next.isOver {
                waiting.removeFirst()
            } else if next.request.server == connection.server {
                waiting.removeFirst()
                return connection.send(next)
            } else {
                // Its place is for one to the other server.
                return connection.close()
            }
        }
        idle[connection.server, default: []].append(connection)
    }

    /// The connection is closed, or about to be.
    func remove(_ connection: UpstreamConnection) {
        open[ObjectIdentifier(connection)] = nil
        if let index = idle[connection.server]?.lastIndex(where: { $0 === connection }) {
            idle[connection.server]?.remove(at: index)
        }
        while !isClosed, open.count < limits.connections, let next = waiting.popFirst() {
            if !next.isOver { connect(next) }
        }
    }

    /// Closes all connections, those in use too.
    func shutDown() {
        isClosed = true
        for exchange in waiting { exchange.fail(ExchangeFailure.shutDown) }
        waiting.removeAll()
        for connection in Array(open.values) { connection.fail(ExchangeFailure.shutDown) }
    }
}

// MARK: Connecting

extension UpstreamConnections {
    private func connect(_ exchange: Exchange) {
        let connection = UpstreamConnection(for: exchange, pool: self, limits: limits)
        open[ObjectIdentifier(connection)] = connection
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let address = exchange.request.address
        let time = min(limits.connectTimeout, exchange.request.headDeadline - .now())
        guard time > .zero else { return connection.fail(ExchangeFailure.headTimeout) }
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(time)
            .channelInitializer { [tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.addHandlers(to: channel, bound.value, address, tls)
                }
            }
            .connect(host: address.host, port: address.port)
            .assumeIsolated()
            // One that succeeds begins by itself.
            .whenFailure { connection.fail($0) }
    }

    private static func addHandlers(
        to channel: any Channel, _ connection: UpstreamConnection, _ address: UpstreamURL,
        _ tls: Result<NIOSSLContext, any Error>?
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if address.usesTLS, let tls = try tls?.get() {
            // An address is no name to ask for; NIOSSL checks the certificate against the peer's then.
            let name = NetworkName.isIPAddress(address.host) ? nil : address.host
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
        }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 128 * 1024
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(limitConfiguration: limits)))
        try pipeline.addHandler(connection)
    }
}
