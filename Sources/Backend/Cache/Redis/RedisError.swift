/// Why Redis did not answer a command, or could not be connected to.
///
/// Its words are ours. A server's are repeated up to their code at most: old servers quote arguments in their errors, the
/// password among them.
struct RedisError: Error, Sendable, Equatable {
    struct Code: Sendable, Hashable, CustomStringConvertible {
        let description: String

        /// There is no connection at the moment, or it is stalled: nothing was sent.
        static let unavailable = Code(description: "unavailable")
        /// Too many commands wait for their replies: nothing was sent.
        static let overloaded = Code(description: "overloaded")
        /// No reply in time. It may have been done.
        static let timedOut = Code(description: "timed_out")
        /// The connection ended before the reply. It may have been done.
        static let connectionLost = Code(description: "connection_lost")
        /// No connection could be made.
        static let connectFailed = Code(description: "connect_failed")
        /// The user name or password is wrong, or one is needed.
        static let authenticationFailed = Code(description: "authentication_failed")
        /// The server does not speak RESP3.
        static let unsupportedServer = Code(description: "unsupported_server")
        /// What was received is not RESP, or no reply that fits the command.
        static let protocolViolation = Code(description: "protocol_violation")
        /// The server's reply is an error; ``RedisError/replyCode`` is its code.
        static let refused = Code(description: "refused")
    }

    let code: Code
    let message: String
    /// The first word of the server's error, such as `NOSCRIPT`.
    var replyCode: String?

    init(_ code: Code, _ message: String, replyCode: String? = nil) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
    }

    /// What the server's error reply says.
    init(reply: String) {
        let word = reply.prefix { ("A"..."Z").contains($0) || $0 == "_" }
        let replyCode = word.isEmpty ? "ERR" : String(word.prefix(32))
        self.init(.refused, "the server refused a command (\(replyCode))", replyCode: replyCode)
    }
}

extension RedisError: CustomStringConvertible {
    var description: String { "redis: \(message)" }
}
