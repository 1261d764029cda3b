import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Observability
import ServiceLifecycle

/// The service: HTTP, and how it starts and ends.
struct BackendServer: Sendable {
    /// How long requests in flight may take to finish once the service no longer accepts new ones. With the drain delay it stays
    /// within a Deployment's usual grace period of a minute.
    static let finishDeadline: Duration = .seconds(30)
    /// Longer than the 60 s for which nginx keeps a connection to its upstream, so that it is never us who closes one that nginx
    /// is about to use.
    static let idleTimeout: TimeAmount = .seconds(75)

    let settings: Settings
    let registry: PrometheusRegistry
    let services: BackendServices
    let lifecycle = Lifecycle()
    let logger: Logger
    /// How fast clients must send.
    var pace = RequestPaceHandler.Limits()
    /// How fast clients of WebSockets must read and answer.
    var webSocketLimits = WebSocketConnectionHandler.Limits()
    /// Called with the address once requests are taken.
    var onReady: @Sendable (SocketAddress?) async -> Void = { _ in }

    /// The HTTP server as one service.
    func makeApplication(
        addRoutes: (Router<BackendRequestContext>) -> Void = { _ in }
    ) -> Application<RouterResponder<BackendRequestContext>> {
        let metrics = HTTPMetrics(registry: registry)
        let router = BackendRouter(
            settings: settings, lifecycle: lifecycle, registry: registry, metrics: metrics, services: services
        ).makeRouter(addRoutes: addRoutes)
        let admission = WebSocketAdmission(
            origins: settings.corsOrigins, allowedHosts: settings.allowedHosts,
            authenticator: services.chat.chat.access.authenticator)
        let serve =
            { @Sendable [chat = services.chat.chat, logger] (connection, ticket) in
                var logger = logger
                logger[metadataKey: "request_id"] = "\(ticket.requestID)"
                let session = ChatSession(
                    connection: connection, authorization: ticket.authorization, chat: chat, logger: logger)
                await session.run()
            } as @Sendable (WebSocketConnection, WebSocketAdmission.Ticket) async -> Void
        let (pace, webSocketLimits, bodyLimit) = (pace, webSocketLimits, 2 * settings.maximumBodySize)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestPaceHandler(metrics: metrics, limits: pace),
                WebSocketUpgradeHandler(
                    admission: admission, metrics: metrics, limits: webSocketLimits, serve: serve),
                // Twice the limit: room for a client to notice a refusal before it is cut off.
                MalformedRequestHandler(metrics: metrics, bodyLimit: bodyLimit),
                ClientPresenceHandler(),
            ],
            idleTimeout: Self.idleTimeout)
        return Application(
            router: router,
            server: HTTPServerBuilder { responder in
                AcceptedHTTP1Channel(base: HTTP1Channel(responder: responder, configuration: channel))
            },
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                // Thousands of clients may come at once, as after a replica's end; the kernel's own bound is 4096 by default.
                backlog: 4096,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: logger)),
            onServerRunning: { [lifecycle, onReady] channel in
                lifecycle.advance(to: .ready)
                await onReady(channel.localAddress)
            },
            logger: logger)
    }

    /// The services in the order in which they start; they end in the reverse one, so the drain delay passes while the server
    /// still serves.
    func makeServiceGroup(
        addRoutes: (Router<BackendRequestContext>) -> Void = { _ in }, finishDeadline: Duration = finishDeadline
    ) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services.background + [
                makeApplication(addRoutes: addRoutes),
                DrainDelay(lifecycle: lifecycle, delay: settings.drainDelay) { [services] in
                    services.willEnd(within: finishDeadline)
                },
            ],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = settings.drainDelay + finishDeadline
        return ServiceGroup(configuration: configuration)
    }

    /// Connections beyond this wait to be accepted: each takes a descriptor, and some are needed for all else.
    private static let connectionLimit = max(64, ProcessLimits.openFiles() * 9 / 10)
}

/// Says "not ready" as soon as the process is told to end, and holds the server's own end back for a while: load balancers need
/// that time to learn of it, and until then go on sending requests.
private struct DrainDelay: Service {
    let lifecycle: Lifecycle
    let delay: Duration
    /// Called once the delay has passed.
    let onEnd: @Sendable () -> Void

    func run() async throws {
        try await gracefulShutdown()
        lifecycle.advance(to: .draining)
        try await Task.sleep(for: delay)
        onEnd()
    }
}
