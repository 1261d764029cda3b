/// How long things stay in the cache; the guide's names and numbers.
struct CacheSettings: Sendable, Equatable {
    /// `USER_CACHE_TTL`.
    var userTTL: Duration = .seconds(3600)
    /// `CONVERSATION_CACHE_TTL`.
    var conversationTTL: Duration = .seconds(1800)
    /// `MODEL_CACHE_TTL`.
    var modelTTL: Duration = .seconds(86_400)
}

extension CacheSettings {
    /// Reads seconds; 0 keeps nothing.
    init(reading reader: inout SettingsReader) {
        self.init()
        func seconds(_ name: String) -> Duration? {
            reader.value(name) { text throws(InvalidValue) in
                Duration.seconds(try Int(parsing: text, 0...31_536_000))
            }
        }
        userTTL = seconds("USER_CACHE_TTL") ?? userTTL
        conversationTTL = seconds("CONVERSATION_CACHE_TTL") ?? conversationTTL
        modelTTL = seconds("MODEL_CACHE_TTL") ?? modelTTL
    }
}
