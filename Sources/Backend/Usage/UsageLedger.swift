import DequeModule
import FoundationEssentials
import Logging
import Observability
import ServiceLifecycle
import Synchronization

/// Writes down what was used, in batches and beside the requests' way.
///
/// Taking a record never waits. While the database is away records are kept and tried again, up to ``limit``; the oldest go first
/// then, and are counted. At the end of the service what is left is written.
final class UsageLedger: Service {
    /// Some 300 bytes each: an hour of a busy replica in 30 MB.
    static let limit = 100_000
    /// One statement's worth: a transaction of a few milliseconds.
    static let batchSize = 1_000
    /// How long a record waits for others to be written with.
    static let interval = Duration.milliseconds(500)
    /// How long the end of the service may take.
    private static let closeDeadline = Duration.seconds(5)

    private let store: Store
    private let logger: Logger
    private let metrics: UsageMetrics
    private let pending = Mutex(Deque<UsageRecord>())
    /// The refusals since the last look at what is pending: more of the same are not written.
    private let refusals = Mutex(Set<Refusal>())
    private let limit: Int

    init(store: Store, registry: PrometheusRegistry, logger: Logger, limit: Int = limit) {
        self.store = store
        self.logger = logger
        self.limit = limit
        metrics = UsageMetrics(registry: registry)
        registry.gauge("usage_records_pending", help: "Records of usage that are not written yet.") { [weak self] in
            self.map { Double($0.pendingCount) }
        }
    }

    /// Takes a record; it is written within a second or so.
    func record(_ record: UsageRecord) {
        let dropped = pending.withLock { pending in
            pending.append(record)
            return pending.count > limit ? pending.popFirst() : nil
        }
        if dropped != nil { metrics.dropped.increment() }
    }

    /// Takes a record of a request that was refused before a model was asked. Such records are few however often one asks in vain:
    /// of those with one credential for one endpoint one is kept in each ``interval``.
    func recordRefusal(_ record: UsageRecord) {
        let refusal = Refusal(record)
        guard refusals.withLock({ $0.insert(refusal).inserted }) else { return }
        self.record(record)
    }

    private struct Refusal: Hashable, Sendable {
        let userID: UUID
        let apiKeyID: UUID?
        let endpoint: String

        init(_ record: UsageRecord) {
            (userID, apiKeyID, endpoint) = (record.userID, record.apiKeyID, record.endpoint)
        }
    }

    /// Records that wait to be written.
    var pendingCount: Int { pending.withLock { $0.count } }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        await close()
    }

    private func work() async {
        var pause = Self.interval
        var isInTrouble = false
        while !Task.isCancelled {
            try? await Task.sleep(for: pause)  // Cancelled: the loop ends.
            refusals.withLock { $0.removeAll(keepingCapacity: true) }
            do {
                try await flush()
                if isInTrouble { logger.notice("usage is written again") }
                isInTrouble = false
                pause = Self.interval
            } catch {
                if !isInTrouble {
                    logger.warning(
                        "usage cannot be written; it is kept", metadata: ["reason": "\(String(reflecting: error))"])
                }
                isInTrouble = true
                pause = min(pause * 2, .seconds(10))
            }
        }
    }

    /// Writes all that waits.
    func flush() async throws {
        while true {
            let batch = pending.withLock { Array($0.prefix(Self.batchSize)) }
            guard !batch.isEmpty else { return }
            do {
                try await store.insert(batch)
                metrics.written.increment(by: batch.count)
            } catch {
                guard Self.isFinal(error) else { throw error }
                // It would be refused for ever, and hold up all others.
                logger.error("usage was refused", metadata: ["reason": "\(String(reflecting: error))"])
                metrics.dropped.increment(by: batch.count)
            }
            pending.withLock { pending in
                // Those at the front may have been dropped meanwhile; only what was written goes.
                let written = Set(batch.map(\.id))
                while let first = pending.first, written.contains(first.id) { pending.removeFirst() }
            }
        }
    }

    private static func isFinal(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return !error.isTransient && ![.diskFull, .readOnly, .schemaTooOld].contains(error.code)
    }

    private func close() async {
        do {
            guard try await withDeadline(Self.closeDeadline, { try await self.flush() }) == nil else { return }
        } catch {
            logger.error("usage was not written", metadata: ["reason": "\(String(reflecting: error))"])
        }
        let count = pendingCount
        guard count > 0 else { return }
        metrics.dropped.increment(by: count)
        logger.error("usage records are lost", metadata: ["count": .stringConvertible(count)])
    }
}

/// What is counted of the ledger.
private struct UsageMetrics: Sendable {
    let written: PrometheusCounter
    let dropped: PrometheusCounter

    init(registry: PrometheusRegistry) {
        written = registry.counter("usage_records_written_total", help: "Records of usage that were written.")
        dropped = registry.counter(
            "usage_records_dropped_total",
            help: "Records of usage that were lost, because the database was away too long.")
    }
}
