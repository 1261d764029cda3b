import Logging
import Observability
import ServiceLifecycle

/// What answers with models: the client of their servers, OpenAI's API, limits and the ledger.
struct CompletionServices: Sendable {
    let client: UpstreamClient
    let limits: UsageLimits
    let ledger: UsageLedger
    let metrics: CompletionMetrics
    let routes: [any RouteGroup]

    init(
        settings: Settings, store: Store, authenticator: any Authenticator, cache: any Cache, limiter: any RateLimiter,
        registry: PrometheusRegistry, logger: Logger
    ) {
        client = UpstreamClient(settings: settings.upstream, registry: registry, logger: logger)
        limits = UsageLimits(settings: settings.usageLimits, limiter: limiter)
        ledger = UsageLedger(store: store, registry: registry, logger: logger)
        metrics = CompletionMetrics(registry: registry)
        let proxy = CompletionProxy(
            client: client, authenticator: authenticator, limits: limits, ledger: ledger, metrics: metrics)
        routes = [
            OpenAIRoutes(
                proxy: proxy, models: ModelCatalog(client: client, cache: cache), authenticator: authenticator),
            UsageRoutes(authenticator: authenticator, store: store),
        ]
    }

    /// Started before the HTTP server, ended after it: what the last requests used is written then.
    var background: [any Service] { [ledger, client] }
}
