import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// HTTP/1.1 to servers over connections that are kept, each event loop its own: an exchange stays on the loop of the task that asks
/// for it.
///
/// One connection for each exchange at a time: one that stands still holds up no other, and closing it ends just one.
final class UpstreamTransport: Sendable {
    private let group = MultiThreadedEventLoopGroup.singleton
    private let pools: [ObjectIdentifier: NIOLoopBoundBox<UpstreamConnections>]

    /// - Parameters:
    ///   - settings: The time-outs.
    ///   - connectionLimit: Connections of all loops together.
    ///   - trustRoots: Whose certificates are accepted.
    init(
        _ settings: UpstreamSettings, connectionLimit: Int = max(64, ProcessLimits.openFiles() / 2),
        trustRoots: NIOSSLTrustRoots = .default
    ) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.trustRoots = trustRoots
        // Authorities that cannot be read are a failure of each connection that needs them.
        let usesTLS =
            if case .servers(let servers) = settings.source { servers.contains(where: \.url.usesTLS) } else { false }
        let tls = usesTLS ? Result { try NIOSSLContext(configuration: configuration) } : nil
        let loops = Array(group.makeIterator())
        let limits = UpstreamConnections.Limits(
            connectTimeout: TimeAmount(settings.connectTimeout), idleTimeout: TimeAmount(settings.idleTimeout),
            connections: max(1, connectionLimit / loops.count))
        var pools: [ObjectIdentifier: NIOLoopBoundBox<UpstreamConnections>] = [:]
        for loop in loops {
            pools[ObjectIdentifier(loop)] = .makeBoxSendingValue(
                UpstreamConnections(loop: loop, limits: limits, tls: tls), eventLoop: loop)
        }
        self.pools = pools
    }

    /// Sends a request and waits for the head of its answer.
    /// - Throws: ``ExchangeFailure``, swift-nio's errors, `CancellationError`.
    func execute(_ request: ExchangeRequest) async throws -> ExchangeAnswer {
        let loop = group.any()
        guard let pool = pools[ObjectIdentifier(loop)] else { throw ExchangeFailure.shutDown }
        let exchange = Exchange(request, loop: loop)
        let head = try await exchange.head {
            if loop.inEventLoop {
                pool.value.start(exchange)
            } else {
                loop.execute { pool.value.start(exchange) }
            }
        }
        return ExchangeAnswer(head: head, exchange: exchange)
    }

    /// Closes all connections; nothing can be sent any more.
    func shutDown() async {
        for loop in group.makeIterator() {
            guard let pool = pools[ObjectIdentifier(loop)] else { continue }
            // A loop that has ended has no connections.
            try? await loop.submit { pool.value.shutDown() }.get()
        }
    }
}
