import DequeModule

/// How a connection begins: RESP3, the user, the connection's name and the database, all sent at once.
struct RedisHandshake {
    enum Progress {
        case more
        case done
        case failed(RedisError)
    }

    private enum Step {
        case hello, select
    }

    let commands: [RedisCommand]
    private let database: Int
    private var steps: Deque<Step>

    init(url: RedisURL, clientName: String) {
        var hello: [RedisCommand.Argument] = ["3"]
        if url.user != nil || url.password != nil {
            // Without a user, the password is that of the default one (`requirepass`).
            hello += ["AUTH", .text(url.user ?? "default"), .text(url.password?.value ?? "")]
        }
        hello += ["SETNAME", .text(clientName)]
        var commands = [RedisCommand("HELLO", hello)]
        var steps: Deque<Step> = [.hello]
        if url.database != 0 {
            commands.append(RedisCommand("SELECT", [.integer(Int64(url.database))]))
            steps.append(.select)
        }
        self.commands = commands
        self.steps = steps
        database = url.database
    }

    /// Takes the reply to the next of the commands.
    mutating func received(_ value: RESPValue) -> Progress {
        guard let step = steps.popFirst() else { return .done }
        if case .error(let text) = value { return .failed(Self.failure(step, text, database)) }
        // Only a server that took `HELLO 3` answers it with a map.
        if step == .hello, case .map = value {
        } else if step == .hello {
            return .failed(RedisError(.protocolViolation, "the server does not greet as a Redis does"))
        }
        return steps.isEmpty ? .done : .more
    }

    private static func failure(_ step: Step, _ text: String, _ database: Int) -> RedisError {
        let reply = RedisError(reply: text)
        switch (step, reply.replyCode) {
        case (_, "WRONGPASS"):
            return RedisError(
                .authenticationFailed, "the server refused the user name or password", replyCode: reply.replyCode)
        case (_, "NOAUTH"):
            return RedisError(.authenticationFailed, "the server wants a password", replyCode: reply.replyCode)
        case (_, "NOPERM"):
            return RedisError(
                .authenticationFailed, "the user may not run the commands that a connection begins with",
                replyCode: reply.replyCode)
        case (.hello, _) where text.contains("max number of clients"):
            return RedisError(.connectFailed, "the server has as many clients as it takes")
        case (.hello, _) where text.contains("unknown command"), (.hello, "NOPROTO"):
            return RedisError(.unsupportedServer, "the server does not speak RESP3, as Redis does from version 6 on")
        case (.select, _): return RedisError(.refused, "the server has no database \(database)", replyCode: "ERR")
        case (.hello, _): return reply
        }
    }
}
