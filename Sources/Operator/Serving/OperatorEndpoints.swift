import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Observability
import ServiceLifecycle

/// Serves `/healthz`, `/readyz` and `/metrics`.
///
/// On SwiftNIO alone: a web framework for three paths would bring all of Foundation into every operator's memory.
struct OperatorEndpoints: Service {
    let registry: PrometheusRegistry
    let health: OperatorHealth
    let host: String
    let port: Int
    let logger: Logger

    /// Scrapers and kubelets come back within a minute; whoever does not gives its connection up.
    private static let idleTimeout = TimeAmount.minutes(2)

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bound: Result<any Channel, any Error>
        do { bound = .success(try await bind(group)) } catch { bound = .failure(error) }
        if case .success(let listener) = bound {
            logger.info("serving", metadata: ["address": "\(listener.localAddress?.description ?? "?")"])
            try? await gracefulShutdown()  // cancelled: it ends here as well
        }
        // Closes the listener and every connection.
        try await group.shutdownGracefully()
        _ = try bound.get()
    }

    private func bind(_ group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let answer: @Sendable (HTTPRequestHead) -> EndpointAnswer = { [registry, health] head in
            .to(head, notReadyReason: { health.notReadyReason }, metrics: { registry.render() })
        }
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleTimeout))
                    try pipeline.addHandler(EndpointHandler(answer: answer))
                }
            }
            .bind(host: host, port: port).get()
    }
}
