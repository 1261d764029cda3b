import FoundationEssentials
import HTTPTypes
import Synchronization

/// Credentials that were looked up, in memory: the way of every request.
///
/// ## Guarantees
///
/// - After ``forget(user:)`` returns, no answer comes from before it.
/// - An entry is used for as long as the replica hears of changes (``noteSynchronized()``), at most for `lifetime`; once it does
///   not, for ``unsynchronizedLifetime``.
/// - Many who ask for the same unknown credential cost one look into the database; how many different ones are looked for at a
///   time is bounded.
final class CredentialCache: Sendable {
    /// How long an entry is used while changes cannot be heard of.
    static let unsynchronizedLifetime = Duration.seconds(10)
    /// How long after the last synchronization entries are trusted.
    static let synchronizationTimeout = Duration.seconds(15)
    /// How often the use of a key is noted.
    static let useInterval = Duration.seconds(60)
    /// Credentials in each of two halves, some 200 bytes each.
    private static let halfCount = 10_000
    /// Credentials that do not exist, remembered so that a client that goes on with one costs nothing.
    private static let absentCount = 4_096
    private static let absentLifetime = Duration.seconds(10)
    private static let maximumLookups = 64

    fileprivate struct Entry {
        let grant: CredentialGrant
        let loadedAt: Timestamp
        var useNotedAt: Timestamp?
    }

    fileprivate struct Storage {
        /// What was used of late, and what was before that: when the first is full it takes the place of the second.
        var recent: [CredentialID: Entry] = [:]
        var older: [CredentialID: Entry] = [:]
        var absent: [CredentialID: Timestamp] = [:]
        var lookups: [CredentialID: Task<CredentialGrant?, any Error>] = [:]
        /// Counts what was forgotten: a lookup that began before is not kept.
        var epoch = 0
        var synchronizedAt: Timestamp?
        var uses: [UUID: Timestamp] = [:]
    }

    private let store: Store
    private let clock: WallClock
    private let lifetime: Duration
    private let storage = Mutex(Storage())

    /// - Parameter lifetime: The guide's `USER_CACHE_TTL`.
    init(store: Store, clock: WallClock, lifetime: Duration = .seconds(3600)) {
        self.store = store
        self.clock = clock
        self.lifetime = lifetime
    }

    /// Whom the credential stands for; nil when it is none, or no longer one.
    /// - Throws: ``DatabaseError``; ``APIError``, 503, when too many unknown credentials are being looked for.
    func grant(for id: CredentialID) async throws -> CredentialGrant? {
        let now = clock.now
        switch storage.withLock({ $0.known(id, now, lifetime) }) {
        case .present(let grant): return grant.isExpired(at: now) ? nil : grant
        case .absent: return nil
        case .unknown: break
        }
        let grant = try await lookUp(id, now)
        if case .apiKey(let key) = grant?.caller.credential { storage.withLock { $0.uses[key] = now } }
        return grant.flatMap { $0.isExpired(at: now) ? nil : $0 }
    }

    /// Forgets all credentials of a user.
    func forget(user: UUID) {
        storage.withLock { storage in
            storage.epoch += 1
            storage.recent = storage.recent.filter { $0.value.grant.caller.userID != user }
            storage.older = storage.older.filter { $0.value.grant.caller.userID != user }
            // Those under way may have read what is no longer so; who comes from now on starts anew.
            storage.lookups = [:]
        }
    }

    /// Forgets everything: changes may have been missed.
    func forgetAll() {
        storage.withLock { storage in
            storage.epoch += 1
            storage.recent = [:]
            storage.older = [:]
            storage.lookups = [:]
        }
    }

    /// All changes until now have been heard of.
    func noteSynchronized() {
        let now = clock.now
        storage.withLock { $0.synchronizedAt = now }
    }

    /// The uses of keys since the last call; each key at most once in ``useInterval``.
    func takeUses() -> [UUID: Timestamp] {
        storage.withLock { storage in
            defer { storage.uses = [:] }
            return storage.uses
        }
    }

    /// Puts back uses that could not be written.
    func restore(uses: [UUID: Timestamp]) {
        storage.withLock { storage in
            // They are worth no memory without bound while a database is away.
            guard storage.uses.count < Self.halfCount else { return }
            storage.uses.merge(uses) { newer, _ in newer }
        }
    }

    private func lookUp(_ id: CredentialID, _ now: Timestamp) async throws -> CredentialGrant? {
        let task = storage.withLock { storage -> Task<CredentialGrant?, any Error>? in
            if let task = storage.lookups[id] { return task }
            guard storage.lookups.count < Self.maximumLookups else { return nil }
            let epoch = storage.epoch
            // A task of its own: who asked first may go away while others wait for it.
            let task = Task { [self] in try await load(id, now, epoch) }
            storage.lookups[id] = task
            return task
        }
        guard let task else { throw APIError.tooManyLookups }
        return try await task.value
    }

    private func load(_ id: CredentialID, _ now: Timestamp, _ epoch: Int) async throws -> CredentialGrant? {
        let result: Result<CredentialGrant?, any Error>
        do {
            result = .success(try await store.grant(for: id))
        } catch {
            result = .failure(error)
        }
        storage.withLock { storage in
            guard storage.epoch == epoch else { return }
            storage.lookups[id] = nil
            guard case .success(let grant) = result else { return }
            storage.keep(grant, id, now)
        }
        return try result.get()
    }
}

extension CredentialCache {
    fileprivate enum Knowledge {
        case present(CredentialGrant)
        case absent
        case unknown
    }
}

extension CredentialCache.Storage {
    /// What is known of a credential, which is then used.
    fileprivate mutating func known(
        _ id: CredentialID, _ now: Timestamp, _ lifetime: Duration
    ) -> CredentialCache.Knowledge {
        if let index = recent.index(forKey: id) {
            let entry = recent.values[index]
            guard isFresh(entry, now, lifetime) else { return .unknown }
            if let key = needsNote(entry, now) {
                recent.values[index].useNotedAt = now
                uses[key] = now
            }
            return .present(entry.grant)
        }
        if var entry = older.removeValue(forKey: id), isFresh(entry, now, lifetime) {
            if let key = needsNote(entry, now) {
                entry.useNotedAt = now
                uses[key] = now
            }
            insert(entry, id)
            return .present(entry.grant)
        }
        guard let notedAt = absent[id] else { return .unknown }
        if now - notedAt < CredentialCache.absentLifetime { return .absent }
        absent[id] = nil
        return .unknown
    }

    fileprivate mutating func keep(_ grant: CredentialGrant?, _ id: CredentialID, _ now: Timestamp) {
        guard let grant else {
            recent[id] = nil
            if absent.count >= CredentialCache.absentCount { absent = [:] }
            absent[id] = now
            return
        }
        insert(CredentialCache.Entry(grant: grant, loadedAt: now, useNotedAt: now), id)
    }

    private mutating func insert(_ entry: CredentialCache.Entry, _ id: CredentialID) {
        if recent.count >= CredentialCache.halfCount {
            older = recent
            recent = [:]
        }
        recent[id] = entry
    }

    private func isFresh(_ entry: CredentialCache.Entry, _ now: Timestamp, _ lifetime: Duration) -> Bool {
        let age = now - entry.loadedAt
        if age < CredentialCache.unsynchronizedLifetime { return age >= .zero }
        guard let synchronizedAt, now - synchronizedAt < CredentialCache.synchronizationTimeout else { return false }
        return age < lifetime
    }

    private func needsNote(_ entry: CredentialCache.Entry, _ now: Timestamp) -> UUID? {
        guard case .apiKey(let key) = entry.grant.caller.credential,
            now - (entry.useNotedAt ?? entry.loadedAt) >= CredentialCache.useInterval
        else { return nil }
        return key
    }
}

extension CredentialGrant {
    fileprivate func isExpired(at now: Timestamp) -> Bool {
        expiresAt.map { $0 <= now } ?? false
    }
}

extension APIError {
    fileprivate static let tooManyLookups = APIError(
        status: .serviceUnavailable, kind: .server, code: "overloaded",
        message: "Too many credentials are being looked up right now; try again in a second.",
        headers: [.retryAfter: "1"])
}
