import FoundationEssentials
import Logging
import ServiceLifecycle

/// Keeps the credentials in memory true and the tables small: reads what other replicas changed, writes when keys were used,
/// deletes what has expired.
struct CredentialMaintenance: Service, CustomStringConvertible {
    /// How long a change on another replica goes unseen at most.
    static let pollInterval = Duration.seconds(5)
    /// How far back each look goes: a transaction may end long after the time that it wrote, and clocks differ.
    private static let window = Duration.seconds(300)
    private static let flushInterval = Duration.seconds(10)
    private static let purgeInterval = Duration.seconds(3600)

    let store: Store
    let credentials: CredentialCache
    let clock: WallClock
    let logger: Logger

    var description: String { "credential maintenance" }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        await flushUses()
    }

    private func work() async {
        var seen: [UUID: Timestamp] = [:]
        var isInTrouble = false
        let start = ContinuousClock.now
        var flushAt = start
        var purgeAt = start
        while !Task.isCancelled {
            do {
                try await poll(&seen)
                if isInTrouble { logger.notice("account changes are heard of again") }
                isInTrouble = false
                let now = ContinuousClock.now
                if now >= flushAt {
                    await flushUses()
                    flushAt = now + Self.flushInterval
                }
                if now >= purgeAt {
                    try await store.purgeExpiredCredentials(now: clock.now)
                    purgeAt = now + Self.purgeInterval
                }
            } catch {
                // The schema may not be there yet, or the database be away; once is worth a line, each time is not.
                if !isInTrouble && !Task.isCancelled {
                    logger.info("account changes cannot be heard of", metadata: ["error": "\(error)"])
                }
                isInTrouble = true
            }
            // Cancelled: the loop ends by its condition.
            try? await Task.sleep(for: isInTrouble ? .seconds(1) : Self.pollInterval)
        }
    }

    private func poll(_ seen: inout [UUID: Timestamp]) async throws {
        let now = clock.now
        let horizon = now - Self.window
        for change in try await store.accountChanges(since: horizon) where seen[change.id] == nil {
            credentials.forget(user: change.user)
            seen[change.id] = now
        }
        // Twice the window: what is forgotten here must not be among the rows again.
        let limit = horizon - Self.window
        seen = seen.filter { $0.value > limit }
        credentials.noteSynchronized()
    }

    private func flushUses() async {
        let uses = credentials.takeUses()
        do {
            try await store.noteUses(ofKeys: uses)
        } catch {
            credentials.restore(uses: uses)
            logger.info("the use of API keys cannot be noted yet", metadata: ["error": "\(error)"])
        }
    }
}
