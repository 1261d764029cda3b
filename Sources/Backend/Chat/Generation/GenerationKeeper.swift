import FoundationEssentials
import Logging
import ServiceLifecycle

/// Keeps the answers of this replica in the database while they are generated, hears what other replicas ask, and finishes what
/// dead replicas left.
final class GenerationKeeper: Service {
    /// How long a reader of another replica counts after it last said that it is there.
    static let followTime = Duration.seconds(10)
    private static let sweepInterval = Duration.seconds(5)
    private static let idempotencyLifetime = Duration.seconds(24 * 3600)

    let registry: GenerationRegistry
    let bus: AnswerBus
    private let logger: Logger

    init(registry: GenerationRegistry, bus: AnswerBus, logger: Logger) {
        self.registry = registry
        self.bus = bus
        self.logger = logger
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.repeatedly(every: self.registry.policy.flushInterval) { try await self.flush() }
            }
            group.addTask { await self.repeatedly(every: Self.sweepInterval) { try await self.sweep() } }
            group.addTask { await self.repeatedly(every: self.registry.policy.heartbeat) { self.wakeReaders() } }
            group.addTask { await self.hear() }
            do {
                try await gracefulShutdown()
                await registry.waitUntilIdle()
            } catch {
                // The deadline has passed: what there is is stored, if the database takes it within a moment.
                registry.interrupt()
                await Self.atMost(.seconds(5)) { await self.registry.waitUntilIdle() }
            }
            group.cancelAll()
        }
    }

    /// Ends all answers that still run after this time.
    func interrupt(after time: Duration) {
        // Lives at most as long as the process has left.
        Task { [registry] in
            try? await Task.sleep(for: time)  // Nobody cancels this task.
            registry.interrupt()
        }
    }

    /// Stores new text of all answers in one batch, renews their leases, and carries out what others ask of them.
    func flush() async throws {
        let generations = registry.all.filter { $0.end == nil }
        guard !generations.isEmpty else { return }
        let policy = registry.policy
        let now = Timestamp.now
        let unsaved = generations.compactMap { generation in generation.unsaved().map { (generation, $0) } }
        // Two thirds of a lease are left for the next attempts.
        let renewals = generations.filter { $0.leaseExpiresAt - now < policy.lease * 2 / 3 }
        let lease = now + policy.lease
        let flags = try await registry.store.save(
            unsaved.map { Store.Chunk(id: $0.id.text, offset: $1.offset, text: $1.text) },
            renewing: renewals.map(\.id), until: lease, asking: generations.map(\.id))
        for (generation, chunk) in unsaved { generation.saved(upTo: chunk.end) }
        for generation in renewals { generation.renewed(until: lease) }
        let byID = Dictionary(flags.map { ($0.id, $0) }) { first, _ in first }
        for generation in generations {
            guard let flags = byID[generation.id] else {
                // Its own end may have been stored in between; then it is told in vain.
                generation.end(because: .lost)
                continue
            }
            if flags.isStopRequested { generation.end(because: .stopped) }
        }
    }

    /// Finishes what dead replicas left, and forgets what is too old.
    func sweep() async throws {
        let now = Timestamp.now
        for id in try await registry.store.abandonedMessages(at: now, limit: 100) {
            guard registry[id] == nil else { continue }
            try await registry.store.finishAbandoned(id, at: now)
            logger.notice("finished an answer whose replica is gone", metadata: ["message_id": "\(id.text)"])
        }
        try await registry.store.deleteIdempotencyKeys(before: now - Self.idempotencyLifetime)
    }

    private func wakeReaders() {
        for generation in registry.all { generation.wake() }
    }

    /// Hears what other replicas ask of the answers of this one.
    private func hear() async {
        let subscription = await bus.bus.subscribe(to: AnswerBus.requests)
        await withDiscardingTaskGroup { group in
            for await event in subscription {
                // What was missed is in the database, where ``flush()`` looks.
                guard case .message(let bytes) = event,
                    let request = AnswerBus.decode(AnswerBus.Request.self, bytes)
                else { continue }
                if let id = request.stop { registry[id]?.end(because: .stopped) }
                if let id = request.follow, let generation = registry[id],
                    generation.follow(until: .now + Self.followTime)
                {
                    group.addTask { await self.publish(generation) }
                }
            }
        }
    }

    /// Publishes an answer's text, from what is not in the database yet on, while somebody follows.
    private func publish(_ generation: Generation) async {
        var offset = generation.savedBytes
        let reader = PublishingReader()
        while !Task.isCancelled {
            switch await generation.next(after: offset, for: reader, isCancelled: { false }) {
            case .text(let start, let bytes):
                offset = start + bytes.count
                await bus.publish(
                    AnswerBus.Progress(offset: start, text: String(decoding: bytes, as: UTF8.self)), of: generation.id)
            case .ended:
                await bus.publish(AnswerBus.Progress(hasEnded: true), of: generation.id)
                return
            case .idle, .cancelled, nil: break
            }
            if generation.stopPublishing(at: .now) { return }
        }
    }

    /// Names one publisher among an answer's readers.
    private final class PublishingReader: Sendable {}

    private func repeatedly(every interval: Duration, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            // First the pause: at the start the schema may not be there yet.
            try? await Task.sleep(for: interval)  // Cancelled: the loop ends.
            guard !Task.isCancelled else { return }
            do {
                try await body()
            } catch {
                if Task.isCancelled { return }
                logger.warning(
                    "the database does not take answers", metadata: ["reason": "\(String(reflecting: error))"])
            }
        }
    }

    private static func atMost(_ time: Duration, _ body: @escaping @Sendable () async -> Void) async {
        // A wait for the database cannot be cancelled; it is left behind.
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        Task {
            await body()
            end.finish()
        }
        Task {
            try? await Task.sleep(for: time)  // Nobody cancels this task.
            end.finish()
        }
        for await _ in ends {}
    }
}
