/// For how long entries are kept where the settings say otherwise than their kind does.
struct CacheLifetimes: Sendable {
    private var changed: [CacheKind: Duration] = [:]

    /// As the kinds say.
    init() {}

    init(_ settings: CacheSettings) {
        changed = [
            .user: settings.userTTL, .conversation: settings.conversationTTL, .models: settings.modelTTL,
        ]
    }

    /// Zero for what is not kept at all.
    func lifetime(of kind: CacheKind) -> Duration { changed[kind] ?? kind.lifetime }
}
