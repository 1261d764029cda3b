import FoundationEssentials
import Logging
import NIOCore
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
    let settings: UpstreamSettings
    let metrics: UpstreamMetrics
    let pool: Mutex<ServerPool>
    let policy: RetryPolicy
    let logger: Logger
    /// Nil when there are no servers.
    let transport: UpstreamTransport?
    private let echo = EchoModel()

    /// - Parameters:
    ///   - breaker: When a failing server is left alone.
    ///   - transport: How servers are reached; one of its own unless given.
    init(
        settings: UpstreamSettings, registry: PrometheusRegistry, logger: Logger,
        breaker: CircuitBreaker.Configuration = .init(), transport: UpstreamTransport? = nil
    ) {
        self.settings = settings
        metrics = UpstreamMetrics(registry: registry)
        policy = RetryPolicy(maximumAttempts: settings.maximumAttempts)
        self.logger = logger
        guard case .servers(let servers) = settings.source else {
            pool = Mutex(ServerPool(servers: []))
            self.transport = nil
            return
        }
        pool = Mutex(ServerPool(servers: servers, configuration: breaker))
        self.transport = transport ?? UpstreamTransport(settings)
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
        await transport?.shutDown()
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
