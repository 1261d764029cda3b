/// Redis as readiness sees it: its loss costs speed only.
struct RedisDependency: Dependency {
    let name = "redis"
    let services: CacheServices

    /// The dependency, or none when Redis is not used.
    static func ofUse(_ services: CacheServices) -> [any Dependency] {
        services.redisState == .notConfigured ? [] : [RedisDependency(services: services)]
    }

    func state() async -> DependencyState {
        services.redisState == .ok ? .ok : .degraded("Redis does not answer; the service works on without it")
    }
}
