/// Where chats are answered and how long that may take; the guide's `OPENAI_*`, and `UPSTREAM_*`.
struct UpstreamSettings: Sendable, Equatable {
    /// Who answers.
    enum Source: Sendable, Equatable {
        /// OpenAI-compatible servers; never none.
        case servers([UpstreamServer])
        /// The built-in model `echo`: in development, as long as nothing else is set.
        case echo
        /// Nobody: requests are refused with a reason.
        case none
    }

    var source: Source
    /// To establish a connection, TLS included.
    var connectTimeout = Duration.seconds(5)
    /// From sending a request to the head of its answer, for each attempt. Servers send the head of an answer that is not
    /// streamed only once the model is done.
    var responseTimeout = Duration.seconds(120)
    /// Between two pieces of an answer.
    var idleTimeout = Duration.seconds(120)
    /// For a request with all its attempts, to the end of its answer: what OpenAI's own clients wait.
    var totalTimeout = Duration.seconds(600)
    /// How often a request is tried, the first time included.
    var maximumAttempts = 3
}

extension UpstreamSettings {
    /// Reads the variables; what is wrong goes into the report.
    init(reading reader: inout SettingsReader, environment: DeploymentEnvironment) {
        let servers = reader.value("OPENAI_BASE_URL", .hidden, parse: UpstreamServer.list(parsing:))
        let keys = reader.value("OPENAI_API_KEY", .hidden, parse: UpstreamServer.keys(parsing:))
        source =
            switch (servers, keys) {
            case (nil, nil): environment == .development ? .echo : .none
            case (let servers, let keys):
                .servers(Self.paired(servers ?? [UpstreamServer(url: .openAI)], keys ?? [], &reader))
            }
        let parse = { (text: String) throws(InvalidValue) in try Duration(parsingTimeout: text) }
        connectTimeout = reader.value("UPSTREAM_CONNECT_TIMEOUT", parse: parse) ?? connectTimeout
        responseTimeout = reader.value("UPSTREAM_RESPONSE_TIMEOUT", parse: parse) ?? responseTimeout
        // One who waits longer for the first byte would wait as long for the next ones.
        idleTimeout = reader.value("UPSTREAM_IDLE_TIMEOUT", parse: parse) ?? max(idleTimeout, responseTimeout)
        totalTimeout = reader.value("UPSTREAM_TOTAL_TIMEOUT", parse: parse) ?? max(totalTimeout, responseTimeout)
        maximumAttempts = reader.value("UPSTREAM_MAX_ATTEMPTS", parse: Self.attempts) ?? maximumAttempts
        if idleTimeout < responseTimeout {
            reader.report("UPSTREAM_IDLE_TIMEOUT", "must not be below UPSTREAM_RESPONSE_TIMEOUT")
        }
        if totalTimeout < responseTimeout {
            reader.report("UPSTREAM_TOTAL_TIMEOUT", "must not be below UPSTREAM_RESPONSE_TIMEOUT")
        }
    }

    private static func paired(
        _ servers: [UpstreamServer], _ keys: [Secret], _ reader: inout SettingsReader
    ) -> [UpstreamServer] {
        guard keys.count <= 1 || keys.count == servers.count else {
            reader.report(
                "OPENAI_API_KEY", "must be one key, or as many as OPENAI_BASE_URL has addresses, in their order")
            return servers
        }
        return servers.enumerated().map { index, server in
            var server = server
            server.key = keys.count == 1 ? keys[0] : keys.isEmpty ? nil : keys[index]
            return server
        }
    }

    private static func attempts(_ text: String) throws(InvalidValue) -> Int {
        guard let count = Int(text), (1...10).contains(count) else { throw InvalidValue("must be from 1 to 10") }
        return count
    }
}

extension UpstreamSettings: CustomStringConvertible {
    /// The addresses; no keys.
    var description: String {
        switch source {
        case .servers(let servers): servers.map(\.description).joined(separator: ",")
        case .echo: "the built-in model echo"
        case .none: "not set"
        }
    }

    /// Whether any server has a key.
    var hasKey: Bool {
        if case .servers(let servers) = source { return servers.contains { $0.key != nil } }
        return false
    }
}

extension Duration {
    /// Reads whole or decimal seconds from a tenth to a day.
    init(parsingTimeout text: String) throws(InvalidValue) {
        guard let seconds = Double(text), (0.1...86_400).contains(seconds) else {
            throw InvalidValue("must be a number of seconds from 0.1 to 86400")
        }
        self = .milliseconds(Int64((seconds * 1000).rounded()))
    }
}
