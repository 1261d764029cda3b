import Logging
import Observability
import ServiceLifecycle

/// Cache, bus and limiter, on Redis or in memory as the settings say.
struct CacheServices: Sendable {
    /// Whether other processes change the same data.
    enum Replication: Sendable {
        /// This is the only one.
        case single
        /// There may be others, whose changes are not heard of without Redis.
        case several
    }

    /// What readiness reports. No state of Redis makes the service not ready: it only gets slower.
    enum RedisState: String, Sendable {
        case notConfigured = "not configured"
        case ok
        case unavailable
    }

    let cache: any Cache
    let bus: any MessageBus
    let limiter: any RateLimiter
    /// To be run for as long as the others are used: started before what uses them, ended after it.
    let services: [any Service]
    private let client: RedisClient?

    /// - Parameters:
    ///   - redis: Where Redis is; nil for none.
    ///   - replication: Counts only without Redis.
    /// - Throws: When the authorities for TLS cannot be read.
    init(
        redis: RedisConfiguration?, replication: Replication, registry: PrometheusRegistry, logger: Logger
    ) throws {
        let cacheMetrics = CacheMetrics(registry: registry)
        let busMetrics = MessageBusMetrics(registry: registry)
        let limitMetrics = RateLimitMetrics(registry: registry)
        let memoryLimiter = MemoryRateLimiter()
        registry.gauge("rate_limit_memory_keys", help: "Keys whose limits are kept in memory.") {
            Double(memoryLimiter.keyCount)
        }
        guard let redis else {
            client = nil
            cache = MemoryCache(
                longestLifetime: replication == .single ? nil : MemoryCache.sharedLifetime, metrics: cacheMetrics)
            bus = MemoryMessageBus(metrics: busMetrics)
            limiter = LocalRateLimiter(memoryLimiter, metrics: limitMetrics)
            services = []
            return
        }
        let client = try RedisClient(redis, registry: registry, logger: logger)
        let redisCache = RedisCache(client, metrics: cacheMetrics, logger: logger)
        self.client = client
        cache = redisCache
        bus = RedisMessageBus(client, database: redis.url.database, metrics: busMetrics)
        limiter = FailoverRateLimiter(RedisRateLimiter(client), memoryLimiter, metrics: limitMetrics)
        services = [client, redisCache]
    }

    var redisState: RedisState {
        guard let client else { return .notConfigured }
        return client.isAvailable && client.pubSub.isConnected ? .ok : .unavailable
    }
}
