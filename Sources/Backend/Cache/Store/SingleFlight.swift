import Synchronization

/// Computations under way, so that many callers who miss the same entry cost one.
///
/// The first caller computes within its own task. The others get its value or its error; when it was cancelled, which says
/// nothing about them, the next of them computes.
final class SingleFlight: Sendable {
    private enum Outcome {
        case value([UInt8]?)
        case failure(any Error)
        /// Nothing came of it: try again.
        case abandoned
    }

    private struct Flight {
        let number: Int
        var waiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }

    private struct Storage {
        /// The flights that may be joined.
        var current: [CacheKey: Int] = [:]
        /// All flights under way, forgotten ones included.
        var flights: [Int: Flight] = [:]
        var last = 0

        mutating func next() -> Int {
            last += 1
            return last
        }
    }

    private let storage = Mutex(Storage())

    /// Runs `compute`, or waits for the one that runs for the same key.
    func join(
        _ key: CacheKey, _ compute: @Sendable () async throws -> [UInt8]?
    ) async throws -> [UInt8]? {
        while true {
            try Task.checkCancellation()
            let (number, isLeader) = storage.withLock { storage in
                if let number = storage.current[key] { return (number, false) }
                let number = storage.next()
                storage.current[key] = number
                storage.flights[number] = Flight(number: number)
                return (number, true)
            }
            if isLeader { return try await lead(number, key, compute) }
            switch await wait(for: number) {
            case .value(let value): return value
            case .failure(let error): throw error
            case .abandoned: continue
            }
        }
    }

    /// Lets nobody join what is under way for the key: it may have read what is no longer so.
    func forget(_ key: CacheKey) {
        storage.withLock { $0.current[key] = nil }
    }

    private func lead(
        _ number: Int, _ key: CacheKey, _ compute: () async throws -> [UInt8]?
    ) async throws -> [UInt8]? {
        do {
            let value = try await compute()
            land(number, key, .value(value))
            return value
        } catch {
            land(number, key, Task.isCancelled || error is CancellationError ? .abandoned : .failure(error))
            throw error
        }
    }

    private func land(_ number: Int, _ key: CacheKey, _ outcome: Outcome) {
        let flight = storage.withLock { storage in
            if storage.current[key] == number { storage.current[key] = nil }
            return storage.flights.removeValue(forKey: number)
        }
        for waiter in flight?.waiters.values ?? [:].values { waiter.resume(returning: outcome) }
    }

    private func wait(for number: Int) async -> Outcome {
        let waiter = storage.withLock { $0.next() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = storage.withLock { storage in
                    // Landed meanwhile, or the caller was cancelled before it began to wait.
                    guard !Task.isCancelled, storage.flights[number] != nil else { return false }
                    storage.flights[number]?.waiters[waiter] = continuation
                    return true
                }
                if !isWaiting { continuation.resume(returning: .abandoned) }
            }
        } onCancel: {
            let continuation = storage.withLock { $0.flights[number]?.waiters.removeValue(forKey: waiter) }
            continuation?.resume(returning: .abandoned)
        }
    }
}
