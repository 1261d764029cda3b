/// How to reach a Redis, and how long to wait for it.
struct RedisConfiguration: Sendable {
    var url: RedisURL
    /// What `CLIENT LIST` shows for our connections, with the connection's purpose after it.
    var clientName = "chatgpt-backend"
    /// How long a command may wait for its reply. Short: what Redis is used for can go on without it, and a request must not
    /// wait for longer than it takes to do so.
    var commandDeadline: Duration = .milliseconds(250)
    /// How long a connection may take, and then again its TLS and RESP handshakes.
    var connectDeadline: Duration = .seconds(2)
    /// How long a connection whose replies are late is given to catch up before it is replaced by a new one. No command is
    /// sent on it meanwhile.
    var stallLimit: Duration = .seconds(5)
    /// How often an idle connection is asked whether it lives.
    var heartbeatInterval: Duration = .seconds(5)
    /// The first wait between attempts to connect; it doubles up to `maximumBackoff`.
    var minimumBackoff: Duration = .milliseconds(100)
    var maximumBackoff: Duration = .seconds(3)
    /// How many commands may wait for their replies. A request waits for one or two at a time, so this is above what a
    /// replica serves at once.
    var outstandingLimit = 16_384
    /// How many bytes may wait to be sent.
    var unsentLimit = 32 * 1_024 * 1_024
    /// PEM file of the authorities trusted for `rediss://`; the system's when nil.
    var authorityFile: String?

    init(url: RedisURL) {
        self.url = url
    }
}
