import CPQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// libpq's `PGconn`, in non-blocking and pipeline mode.
///
/// Threading: one thread at a time, which the lock of ``PostgreSQLConnection`` sees to; `cancelStatement()` alone may be
/// called beside the others. `init` blocks (names are resolved, keys are derived) and belongs on a thread of its own; nothing
/// else here waits.
final class PostgreSQLHandle: @unchecked Sendable {
    // Sendable: libpq has no state shared between connections, and a connection may move between threads as long as calls do
    // not overlap; see above. PGcancel is an unchanging copy that libpq documents as usable from any thread.

    /// What has come from the server.
    enum Received {
        /// Nothing yet.
        case pending
        case rows([SQLRow], affected: Int)
        /// A command was done; for COMMIT, `tag` tells whether it was.
        case done(affected: Int, tag: String)
        case failed(ServerError)
        /// A column could not be read; its rows are gone.
        case unreadable(DatabaseError)
        /// Not done, since an earlier one of the same pipeline failed.
        case skipped
        case synchronized
        /// The results of one command end.
        case endOfCommand
    }

    enum Flush {
        case done, pending, failed
    }

    private let pointer: OpaquePointer
    private let cancelKey: OpaquePointer
    let serverVersion: Int

    /// Connects.
    /// - Parameter isAbandoned: Asked now and then; true ends the attempt.
    init(_ settings: PostgreSQLSettings, isAbandoned: () -> Bool) throws(ConnectFailure) {
        let parameters = try Self.parameters(settings)
        var keywords: [UnsafeMutablePointer<CChar>?] = parameters.map { strdup($0.name) }
        var values: [UnsafeMutablePointer<CChar>?] = parameters.map { strdup($0.value) }
        defer { for text in keywords + values { free(text) } }
        keywords.append(nil)
        values.append(nil)
        let started = keywords.withUnsafeBufferPointer { keywords in
            values.withUnsafeBufferPointer { values in
                keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
                    values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        PQconnectStartParams(keywords.baseAddress, values.baseAddress, 0)
                    }
                }
            }
        }
        guard let started else { throw ConnectFailure(libpq: "out of memory") }
        do throws(ConnectFailure) {
            let password = parameters.first { $0.name == "password" }?.value
            try Self.finishConnecting(started, within: settings.connectTimeout, hiding: password, isAbandoned)
            guard PQsetnonblocking(started, 1) == 0, PQenterPipelineMode(started) == 1,
                let cancelKey = PQgetCancel(started)
            else { throw ConnectFailure(libpq: String(cString: PQerrorMessage(started)), hiding: password) }
            pointer = started
            self.cancelKey = cancelKey
            serverVersion = Int(PQserverVersion(started))
        } catch {
            PQfinish(started)
            throw error
        }
    }

    deinit {
        PQfreeCancel(cancelKey)
        PQfinish(pointer)
    }

    private static func finishConnecting(
        _ connection: OpaquePointer, within timeout: Duration, hiding password: String?, _ isAbandoned: () -> Bool
    ) throws(ConnectFailure) {
        pq_silence(connection)
        // The only way to learn the state's code of a refused connection is its text.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        let deadline = ContinuousClock.now + timeout
        var status = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED else {
                throw ConnectFailure(libpq: String(cString: PQerrorMessage(connection)), hiding: password)
            }
            guard !isAbandoned() else { throw ConnectFailure(libpq: "the service is ending") }
            guard ContinuousClock.now < deadline else { throw ConnectFailure(libpq: "no answer within \(timeout)") }
            let events = status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
            if poll(&descriptor, 1, 100) > 0 { status = PQconnectPoll(connection) }
        }
    }

    /// What the URL says, and what this program needs.
    private static func parameters(
        _ settings: PostgreSQLSettings
    ) throws(ConnectFailure) -> [(name: String, value: String)] {
        // The reason is not repeated: it quotes parts of the URL.
        guard let options = PQconninfoParse(settings.url.value, nil) else { throw .unreadableURL }
        defer { PQconninfoFree(options) }
        var given: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { given[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        var all = [
            "application_name": settings.applicationName,
            // A peer that vanished without a word is noticed within a minute, whether it is being read from or written to.
            "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "45000",
        ]
        all.merge(given) { _, given in given }
        all["client_encoding"] = "UTF8"
        let session =
            "-c statement_timeout=\(settings.statementTimeout.milliseconds)"
            + " -c idle_in_transaction_session_timeout=\(settings.idleInTransactionTimeout.milliseconds)"
            + " -c TimeZone=UTC"
        // The later one wins.
        all["options"] = given["options"].map { "\(session) \($0)" } ?? session
        return all.map { (name: $0.key, value: $0.value) }
    }

    // MARK: State

    var descriptor: Int32 { PQsocket(pointer) }

    var isBroken: Bool { PQstatus(pointer) == CONNECTION_BAD }

    /// Why libpq gave up.
    var failure: String { firstLine(of: String(cString: PQerrorMessage(pointer))) }

    /// Whether nothing has come although nothing was asked for: what comes then is the server's farewell, or its end.
    func isQuiet() -> Bool {
        for _ in 0..<3 {
            var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) != 0 else { return !isBroken }
            guard consume() else { return false }
        }
        return false
    }

    // MARK: Sending; false when libpq refuses

    func prepare(_ name: String, _ text: String, _ types: [UInt32]) -> Bool {
        PQsendPrepare(pointer, name, text, Int32(types.count), types) == 1
    }

    func execute(_ name: String, _ statement: EncodedStatement) -> Bool {
        let count = statement.ends.count
        guard count > 0 else { return PQsendQueryPrepared(pointer, name, 0, nil, nil, nil, 1) == 1 }
        return statement.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { numbers in
                    var start = 0
                    for index in 0..<count {
                        numbers[count + index] = 1
                        guard let end = statement.ends[index] else {
                            values[index] = nil
                            numbers[index] = 0
                            continue
                        }
                        // An empty value is still one: its pointer must not be nil.
                        values[index] =
                            bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) } ?? Self.empty
                        numbers[index] = Int32(end - start)
                        start = end
                    }
                    guard let lengths = numbers.baseAddress else { return false }
                    return PQsendQueryPrepared(
                        pointer, name, Int32(count), values.baseAddress, lengths, lengths + count, 1) == 1
                }
            }
        }
    }

    /// Where a value without bytes points to; never read, never freed.
    private static nonisolated(unsafe) let empty: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    /// A statement of this driver's own, without arguments.
    func execute(command: String) -> Bool {
        PQsendQueryParams(pointer, command, 0, nil, nil, nil, nil, 1) == 1
    }

    /// Ends a pipeline, and with it the transaction that nothing else ends; sends what libpq has kept back.
    func synchronize() -> Bool {
        PQpipelineSync(pointer) == 1
    }

    func flush() -> Flush {
        switch PQflush(pointer) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    // MARK: Receiving

    /// Takes what the socket has; false when the connection broke.
    func consume() -> Bool {
        PQconsumeInput(pointer) == 1 && !isBroken
    }

    /// The next thing that has come.
    func next() -> Received {
        guard PQisBusy(pointer) == 0 else { return .pending }
        guard let result = PQgetResult(pointer) else { return .endOfCommand }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK:
            do throws(DatabaseError) {
                return .rows(try rows(result), affected: affectedRows(result))
            } catch {
                return .unreadable(error)
            }
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            return .done(affected: affectedRows(result), tag: String(cString: PQcmdStatus(result)))
        case PGRES_PIPELINE_SYNC: return .synchronized
        case PGRES_PIPELINE_ABORTED: return .skipped
        default:
            func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
            return .failed(
                ServerError(
                    sqlState: field(Int32(UInt8(ascii: "C"))) ?? "",
                    message: field(Int32(UInt8(ascii: "M")))
                        ?? firstLine(of: String(cString: PQresultErrorMessage(result))),
                    constraint: field(Int32(UInt8(ascii: "n"))), function: field(Int32(UInt8(ascii: "R")))))
        }
    }

    private func affectedRows(_ result: OpaquePointer) -> Int {
        PQcmdTuples(result).map { atol($0) } ?? 0
    }

    private func rows(_ result: OpaquePointer) throws(DatabaseError) -> [SQLRow] {
        let columns = PQnfields(result)
        let count = PQntuples(result)
        let decoders = (0..<columns).map { PostgreSQLDecoder(PQftype(result, $0), column: Int($0)) }
        var rows: [SQLRow] = []
        rows.reserveCapacity(Int(count))
        for row in 0..<count {
            var values: [SQLValue] = []
            values.reserveCapacity(Int(columns))
            for column in 0..<columns {
                if PQgetisnull(result, row, column) == 1 {
                    values.append(.null)
                    continue
                }
                let bytes = UnsafeRawBufferPointer(
                    start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
                values.append(try decoders[Int(column)].value(bytes))
            }
            rows.append(SQLRow(values: values))
        }
        return rows
    }

    /// Gives the connection up. Without this, libpq's farewell to a peer that takes no more bytes would wait for it.
    func sever() {
        shutdown(PQsocket(pointer), Int32(SHUT_RDWR))
    }

    // MARK: Cancelling

    /// Asks the server to end the statement under way; blocks until it has been told, for a thread that may.
    func cancelStatement() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            // Best effort: a statement that was not told to end goes on, and its deadline ends it.
            _ = PQcancel(cancelKey, buffer.baseAddress, Int32(buffer.count))
        }
    }
}

/// libpq appends hints and lines of the server's source to its messages.
func firstLine(of message: String) -> String {
    String(message.prefix { !$0.isNewline })
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
