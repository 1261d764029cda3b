/// How much may be asked of the models in a minute; `RATE_LIMIT_*`.
struct UsageLimitSettings: Sendable, Equatable {
    /// Requests and tokens of one user, all keys and sessions together; nil for no limit.
    var userRequests: Int? = 600
    var userTokens: Int? = 400_000
    /// Of one API key.
    var keyRequests: Int?
    var keyTokens: Int?
}

extension UsageLimitSettings {
    /// Reads the variables; 0 is no limit.
    init(reading reader: inout SettingsReader) {
        func read(_ name: String, _ fallback: Int?, _ reader: inout SettingsReader) -> Int? {
            guard let count = reader.value(name, parse: Self.count) else { return fallback }
            return count == 0 ? nil : count
        }
        userRequests = read("RATE_LIMIT_REQUESTS_PER_MINUTE", userRequests, &reader)
        userTokens = read("RATE_LIMIT_TOKENS_PER_MINUTE", userTokens, &reader)
        keyRequests = read("RATE_LIMIT_KEY_REQUESTS_PER_MINUTE", keyRequests, &reader)
        keyTokens = read("RATE_LIMIT_KEY_TOKENS_PER_MINUTE", keyTokens, &reader)
    }

    private static func count(_ text: String) throws(InvalidValue) -> Int {
        guard let count = Int(text), (0...1_000_000_000).contains(count) else {
            throw InvalidValue("must be a number from 0 (no limit) to 1000000000")
        }
        return count
    }
}
