import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Observability
import ServiceLifecycle
import Synchronization

/// Asks OpenAI-compatible servers, or the built-in model.
///
/// ## Guarantees
///
/// - A request is tried again only while nothing of its answer was passed on.
/// - Cancelling the task, or dropping the body, closes the connection that the request is on; a server that watches its
///   connection stops then.
/// - Redirects are answers like others: they are never followed.
final class UpstreamClient: Service {
    enum Phase { case head, body }

    let settings: UpstreamSettings
    let metrics: UpstreamMetrics
    let pool: Mutex<ServerPool>
    let policy: RetryPolicy
    let logger: Logger
    /// Nil when there are no servers.
    let http: HTTPClient?
    private let echo = EchoModel()

    /// - Parameter breaker: When a failing server is left alone.
    init(
        settings: UpstreamSettings, registry: PrometheusRegistry, logger: Logger,
        breaker: CircuitBreaker.Configuration = .init()
    ) {
        self.settings = settings
        metrics = UpstreamMetrics(registry: registry)
        policy = RetryPolicy(maximumAttempts: settings.maximumAttempts)
        self.logger = logger
        guard case .servers(let servers) = settings.source else {
            pool = Mutex(ServerPool(servers: []))
            http = nil
            return
        }
        pool = Mutex(ServerPool(servers: servers, configuration: breaker))
        http = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: Self.configuration(settings))
        exposeBreakers(servers, registry)
    }

    /// - Throws: ``UpstreamError``; `CancellationError` when the task is cancelled.
    func send(_ request: UpstreamRequest) async throws -> UpstreamResponse {
        let start = NIODeadline.now()
        let deadline = start + TimeAmount(settings.totalTimeout)
        switch settings.source {
        case .none: throw UpstreamError.notConfigured
        case .echo:
            return echo.answer(to: request, deadline: deadline)
        case .servers:
            return try await send(request, start: start, deadline: deadline)
        }
    }

    /// Waits for the end of the service; connections live until then.
    func run() async throws {
        try? await gracefulShutdown()  // Cancelled: the end has come as well.
        try await http?.shutdown()
    }

    private static func configuration(_ settings: UpstreamSettings) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        // Nobody collects traces here, and the tracer that collects none is asked for each request too.
        configuration.tracing.tracer = nil
        configuration.timeout.connect = TimeAmount(settings.connectTimeout)
        configuration.http1_1ConnectionDebugInitializer = { [timeout = TimeAmount(settings.idleTimeout)] channel in
            channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, timeout) }
        }
        // One connection for each stream: one that stands still holds up no other, and closing it ends just one.
        configuration.httpVersion = .http1Only
        // Whether and where to try again is decided here.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Streams are bounded by the clients' connections, which are bounded by the process's descriptors.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 65_536
        // Below the time after which common servers close a connection that nobody uses.
        configuration.connectionPool.idleTimeout = .seconds(50)
        return configuration
    }

    /// Adds ours where bytes have become parts of requests and answers; the time-out takes the place of the library's own.
    private static func addHandlers(to channel: any Channel, _ timeout: TimeAmount) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(IdleReadHandler(timeout: timeout), position: .after(decoder))
        try pipeline.addHandler(RequestHeadHandler(), position: .after(decoder))
    }

    private func exposeBreakers(_ servers: [UpstreamServer], _ registry: PrometheusRegistry) {
        for (index, server) in servers.enumerated() {
            registry.gauge(
                "upstream_circuit_open",
                help: "1 while a server is left alone because it fails, 0.5 while it is probed.",
                labels: [("server", "\(server.url)")]
            ) { [weak self] in
                guard let self else { return nil }
                return switch pool.withLock({ $0.members[index].breaker.state }) {
                case .closed: 0
                case .halfOpen: 0.5
                case .open: 1
                }
            }
        }
    }
}

extension UpstreamClient: Dependency {
    var name: String { "upstream" }

    /// Never unavailable: everything but new answers works without it.
    func state() async -> DependencyState {
        switch settings.source {
        case .echo: .ok
        case .none: .degraded("OPENAI_API_KEY is not set")
        case .servers:
            pool.withLock { $0.isClosed(at: .now()) } ? .degraded("every upstream server is failing") : .ok
        }
    }
}
