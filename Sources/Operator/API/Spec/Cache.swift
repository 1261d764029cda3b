import K8sClient

/// Where pods share rate limits, sessions' ends and messages: at most one of the three. None is no cache; the schema gives no
/// default, for the reason that `DatabaseSettings` has none.
struct CacheSettings: Codable, Sendable, Hashable {
    struct None: Codable, Sendable, Hashable {}

    var managed: ManagedCache?
    var external: ExternalCache?
    /// Says in so many words that there is none.
    var none: None?
}

/// Redis in a Deployment of the operator's, without a volume.
struct ManagedCache: Codable, Sendable, Hashable {
    var image = "redis:7"
    /// Redis' `maxmemory`, a number of bytes as Redis writes it (`256mb`); beyond it the keys used least recently go.
    var maxMemory = "256mb"

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        image = try container.decode(String.self, forKey: .image, default: image)
        maxMemory = try container.decode(String.self, forKey: .maxMemory, default: maxMemory)
    }
}

/// A Redis that somebody else runs.
struct ExternalCache: Codable, Sendable, Hashable {
    var urlSecretRef: SecretKeyReference
}
