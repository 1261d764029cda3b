import Synchronization

/// One batch on its way to a result, whichever connections it takes.
final class BatchJob: Sendable {
    private struct Storage {
        var continuation: CheckedContinuation<[SQLResult], any Error>?
        var connection: PostgreSQLConnection?
        var isCancelled = false
        var repetitions = 0
    }

    let statements: [EncodedStatement]
    let access: DatabaseAccess
    private let storage = Mutex(Storage())

    init(_ statements: [EncodedStatement], _ access: DatabaseAccess) {
        self.statements = statements
        self.access = access
    }

    /// Whose result it is.
    func expect(_ continuation: CheckedContinuation<[SQLResult], any Error>) {
        storage.withLock { $0.continuation = continuation }
    }

    /// Resumes the task, the first time.
    func finish(_ result: Result<[SQLResult], any Error>) {
        let continuation = storage.withLock { storage in
            defer { (storage.continuation, storage.connection) = (nil, nil) }
            return storage.continuation
        }
        continuation?.resume(with: result)
    }

    /// The connection that carries it out; false when nobody waits for it any more.
    func assign(_ connection: PostgreSQLConnection) -> Bool {
        storage.withLock { storage in
            guard !storage.isCancelled else { return false }
            storage.connection = connection
            return true
        }
    }

    /// The task was cancelled; gives the connection that is at work on it.
    func cancel() -> PostgreSQLConnection? {
        storage.withLock { storage in
            storage.isCancelled = true
            return storage.connection
        }
    }

    var isCancelled: Bool { storage.withLock { $0.isCancelled } }

    /// Whether it may be done once more, of `limit` times.
    func takeRepetition(of limit: Int) -> Bool {
        storage.withLock { storage in
            guard storage.repetitions < limit, !storage.isCancelled else { return false }
            storage.repetitions += 1
            storage.connection = nil
            return true
        }
    }
}
