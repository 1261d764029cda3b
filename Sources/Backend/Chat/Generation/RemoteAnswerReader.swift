import FoundationEssentials
import Synchronization

/// Reads an answer that another replica generates, or that is finished: from the database, and from the bus while it lives.
///
/// Every piece carries its place in the text, so that what comes twice, late or not at all on the bus is neither shown twice nor lost.
final class RemoteAnswerReader: AnswerReader {
    private struct Storage {
        var offset: Int
        var isCancelled = false
        var subscription: BusSubscription?
        var nextPoll = ContinuousClock.now
        var nextAnnouncement = ContinuousClock.now
        /// Until when the bus is trusted to bring what comes.
        var busTrustedUntil = ContinuousClock.now
        var end: Generation.End?
    }

    private let message: Message
    private let registry: GenerationRegistry
    private let bus: AnswerBus
    private let storage: Mutex<Storage>

    /// How often the database is looked into while the bus brings text in order.
    private static let trustedPollInterval = Duration.seconds(2)
    private static let announcementInterval = Duration.seconds(3)

    init(_ message: Message, after offset: Int, registry: GenerationRegistry, bus: AnswerBus) {
        self.message = message
        self.registry = registry
        self.bus = bus
        storage = Mutex(Storage(offset: offset))
    }

    func cancel() {
        // A wait that is under way ends with the next look into the database.
        storage.withLock { storage in
            storage.isCancelled = true
            storage.subscription?.cancel()
        }
    }

    func next() async throws -> Generation.Step {
        let deadline = ContinuousClock.now + registry.policy.heartbeat
        while !isOver {
            if let end = storage.withLock({ $0.end }) { return .ended(end) }
            if ContinuousClock.now >= storage.withLock({ $0.nextPoll }) {
                if let step = try await look() { return step }
                if storage.withLock({ $0.end != nil }) { continue }
            }
            if ContinuousClock.now >= deadline { return .idle }
            try await announce()
            if let step = await listen(until: min(deadline, storage.withLock { $0.nextPoll })) { return step }
        }
        return .cancelled
    }

    private var isOver: Bool {
        Task.isCancelled || registry.isInterrupted || storage.withLock { $0.isCancelled }
    }

    /// Looks into the database.
    private func look() async throws -> Generation.Step? {
        let offset = storage.withLock { $0.offset }
        let store = registry.store
        var (pieces, stored) = try await store.progress(of: message.id, in: message.conversationID, after: offset)
        if let abandoned = stored, abandoned.isAbandoned(at: .now) {
            try await store.finishAbandoned(abandoned.id, at: .now)
            (pieces, stored) = try await store.progress(of: message.id, in: message.conversationID, after: offset)
        }
        storage.withLock { storage in
            let now = ContinuousClock.now
            storage.nextPoll =
                now + (storage.busTrustedUntil > now ? Self.trustedPollInterval : registry.policy.pollInterval)
        }
        guard let stored else { return .ended(.deleted) }
        if stored.status != .inProgress {
            storage.withLock { $0.end = .stored(stored) }
            return take(offset: 0, stored.content)
        }
        var bytes: [UInt8] = []
        for piece in pieces {
            let position = offset + bytes.count
            guard piece.offset <= position else { break }
            bytes.append(contentsOf: piece.text.utf8.dropFirst(position - piece.offset))
        }
        guard !bytes.isEmpty else { return nil }
        storage.withLock { $0.offset = offset + bytes.count }
        return .text(offset: offset, bytes)
    }

    /// The part of `text`, which begins at `start`, that is new.
    private func take(offset start: Int, _ text: String) -> Generation.Step? {
        storage.withLock { storage in
            let offset = storage.offset
            guard start <= offset, start + text.utf8.count > offset else { return nil }
            storage.offset = start + text.utf8.count
            return .text(offset: offset, Array(text.utf8.dropFirst(offset - start)))
        }
    }

    /// Tells the replica that generates it that somebody reads along.
    private func announce() async throws {
        let isDue = storage.withLock { storage in
            guard ContinuousClock.now >= storage.nextAnnouncement else { return false }
            storage.nextAnnouncement = .now + Self.announcementInterval
            return true
        }
        guard isDue else { return }
        if storage.withLock({ $0.subscription == nil }) {
            let subscription = await bus.bus.subscribe(to: AnswerBus.progress(of: message.id))
            storage.withLock { $0.subscription = subscription }
        }
        try await registry.store.follow(message.id, until: .now + GenerationKeeper.followTime)
        await bus.publish(AnswerBus.Request(follow: message.id))
    }

    /// Waits for the bus.
    private func listen(until deadline: ContinuousClock.Instant) async -> Generation.Step? {
        guard let subscription = storage.withLock({ $0.subscription }) else { return nil }
        guard let event = await Self.event(from: subscription, until: deadline) else { return nil }
        let lookNow = { self.storage.withLock { $0.nextPoll = .now } }
        guard case .message(let bytes) = event else {
            lookNow()
            return nil
        }
        guard let progress = AnswerBus.decode(AnswerBus.Progress.self, bytes) else { return nil }
        if progress.hasEnded == true { lookNow() }
        guard let offset = progress.offset, let text = progress.text else { return nil }
        let position = storage.withLock { $0.offset }
        guard offset <= position else {
            // Something is missing in between; the database will have it within a moment.
            storage.withLock { $0.busTrustedUntil = .now }
            return nil
        }
        storage.withLock { $0.busTrustedUntil = .now + Self.trustedPollInterval }
        return take(offset: offset, text)
    }

    /// The next event, or nil at the deadline.
    private static func event(
        from subscription: BusSubscription, until deadline: ContinuousClock.Instant
    ) async -> BusEvent? {
        await withTaskGroup(of: BusEvent?.self) { group in
            group.addTask {
                var events = subscription.makeAsyncIterator()
                let event = await events.next()
                // A subscription that has ended says so at once; the wait goes on all the same.
                if event == nil { try? await Task.sleep(until: deadline) }  // Cancelled: the deadline has come.
                return event
            }
            group.addTask {
                try? await Task.sleep(until: deadline)  // Cancelled: an event came.
                return nil
            }
            var event = await group.next() ?? nil
            group.cancelAll()
            // One that came at the last moment counts.
            for await late in group where event == nil { event = late }
            return event
        }
    }
}
