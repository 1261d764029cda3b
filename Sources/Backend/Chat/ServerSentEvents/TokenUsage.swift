/// The tokens of one request as a server counts them.
struct TokenUsage: Sendable, Equatable {
    /// More than any model takes or gives.
    private static let maximum = 1_000_000_000

    var promptTokens: Int
    var completionTokens: Int

    var total: Int { promptTokens + completionTokens }

    init(promptTokens: Int, completionTokens: Int) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }

    /// Reads a `usage` object of any endpoint: `/responses` says input and output.
    init(reading scanner: inout JSONScanner) throws(JSONScanner.Failure) {
        var prompt = 0
        var completion = 0
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            guard try scanner.kind() == .number else { return try scanner.skip() }
            // No request takes so many, and no sum of such counts overflows.
            let count = min(max(try scanner.integer() ?? 0, 0), Self.maximum)
            if scanner.equals(name, "prompt_tokens") || scanner.equals(name, "input_tokens") { prompt = count }
            if scanner.equals(name, "completion_tokens") || scanner.equals(name, "output_tokens") { completion = count }
        }
        self.init(promptTokens: prompt, completionTokens: completion)
    }
}
