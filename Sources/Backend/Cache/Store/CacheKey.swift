/// What kind of thing an entry is, and for how long it is kept.
struct CacheKind: Sendable, Hashable {
    /// Part of the keys and a metric's label: a few fixed words, never anything from outside. A kind whose encoding changes gets
    /// a new name (`user.v2`), so that replicas of two versions do not read each other's.
    let name: String
    let lifetime: Duration

    /// Accounts, for display. The guide's `USER_CACHE_TTL`.
    static let user = CacheKind(name: "user", lifetime: .seconds(3_600))
    /// The guide's `CONVERSATION_CACHE_TTL`.
    static let conversation = CacheKind(name: "conversation", lifetime: .seconds(1_800))
    /// Lists of models. The guide's `MODEL_CACHE_TTL`.
    static let models = CacheKind(name: "models", lifetime: .seconds(86_400))
    /// What a credential allows: keys, sessions, roles, whether an account is enabled. Short, because a revocation that Redis
    /// could not be told of must not leave a credential valid for longer; see ``RedisCache``.
    static let credential = CacheKind(name: "credential", lifetime: .seconds(60))

    static let all = [user, conversation, models, credential]
}

/// The name of an entry.
struct CacheKey: Sendable, Hashable {
    let kind: CacheKind
    let identifier: String

    static func user(_ identifier: String) -> CacheKey { CacheKey(kind: .user, identifier: identifier) }
    static func conversation(_ identifier: String) -> CacheKey { CacheKey(kind: .conversation, identifier: identifier) }
    static func models(_ identifier: String) -> CacheKey { CacheKey(kind: .models, identifier: identifier) }
    /// - Parameter identifier: A digest or an id, never a secret itself: keys can be listed by whoever may use Redis.
    static func credential(_ identifier: String) -> CacheKey { CacheKey(kind: .credential, identifier: identifier) }

    /// What all entries' names in Redis begin with.
    static let prefix = "cb:cache:"

    /// The name in Redis.
    var text: String { "\(Self.prefix)\(kind.name):\(identifier)" }
}
