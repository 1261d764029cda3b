/// Which channels are wanted, and which the server was asked for.
///
/// Pure. What is wanted changes at any time; ``takeChanges(connection:)`` says what to send to bring the server there. Each
/// connection has a number, so that nothing that was meant for an old one is taken for done on a new one.
struct RedisSubscriptionRegistry {
    /// What ``confirmed(_:)`` finds.
    struct Confirmation: Equatable {
        /// Those who wait for it.
        var waiters: [Int] = []
        /// Whether subscribers were told that they subscribe before it was true, or it ceased to be for a while: they may have
        /// missed messages.
        var mayHaveMissed = false
    }

    private struct Entry {
        var subscribers = 0
        var isRequested = false
        var isConfirmed = false
        var mayHaveMissed = false
        var waiters: [Int] = []
    }

    private var entries: [String: Entry] = [:]
    private var changed: Set<String> = []
    private var connection: Int?
    private var lastConnection = 0

    /// How many channels are wanted or still asked for.
    var count: Int { entries.count }

    /// One more subscriber of a channel.
    /// - Parameter waiter: Who to tell once the server confirmed it.
    /// - Returns: Whether to wait. When not, the channel is confirmed already, or there is no connection to confirm it.
    mutating func retain(_ channel: String, waiter: Int) -> Bool {
        var entry = entries[channel] ?? Entry()
        defer { entries[channel] = entry }
        entry.subscribers += 1
        if entry.subscribers == 1 { changed.insert(channel) }
        guard connection != nil else {
            entry.mayHaveMissed = true
            return false
        }
        if entry.isConfirmed && entry.subscribers > 1 { return false }
        // A channel that is being left may be confirmed from before; the confirmation of the new request counts.
        entry.waiters.append(waiter)
        return true
    }

    /// One subscriber less.
    mutating func release(_ channel: String) {
        guard var entry = entries[channel], entry.subscribers > 0 else { return }
        entry.subscribers -= 1
        if entry.subscribers == 0 { changed.insert(channel) }
        entries[channel] = entry.subscribers == 0 && !entry.isRequested ? nil : entry
    }

    /// A waiter waits no longer.
    /// - Returns: Whether it still did; it has not been told then.
    mutating func giveUp(_ channel: String, waiter: Int) -> Bool {
        guard let index = entries[channel]?.waiters.firstIndex(of: waiter) else { return false }
        entries[channel]?.waiters.remove(at: index)
        entries[channel]?.mayHaveMissed = true
        return true
    }

    /// A connection was made, on which nothing is subscribed.
    /// - Returns: Its number.
    mutating func connected() -> Int {
        lastConnection += 1
        connection = lastConnection
        changed = Set(entries.keys)
        return lastConnection
    }

    /// The connection is lost.
    /// - Returns: All who wait.
    mutating func disconnected() -> [Int] {
        connection = nil
        var waiters: [Int] = []
        for (channel, var entry) in entries {
            waiters += entry.waiters
            entry.waiters = []
            entry.isRequested = false
            entry.isConfirmed = false
            entry.mayHaveMissed = true
            entries[channel] = entry.subscribers == 0 ? nil : entry
        }
        return waiters
    }

    /// What the server must be sent, in this order: first what to leave, then what to enter.
    mutating func takeChanges(connection: Int) -> (unsubscribe: [String], subscribe: [String]) {
        guard connection == self.connection else { return ([], []) }
        var result: (unsubscribe: [String], subscribe: [String]) = ([], [])
        for channel in changed {
            guard var entry = entries[channel] else { continue }
            switch (entry.subscribers > 0, entry.isRequested) {
            case (true, false):
                entry.isRequested = true
                result.subscribe.append(channel)
                entries[channel] = entry
            case (false, true):
                result.unsubscribe.append(channel)
                entries[channel] = nil
            case (true, true):
                // Left and entered again before either was sent. Asking once more is harmless, and is confirmed once more.
                if !entry.waiters.isEmpty { result.subscribe.append(channel) }
            case (false, false): entries[channel] = nil
            }
        }
        changed = []
        return result
    }

    /// The server confirmed a subscription.
    mutating func confirmed(_ channel: String) -> Confirmation {
        guard var entry = entries[channel], entry.isRequested else { return Confirmation() }
        let confirmation = Confirmation(waiters: entry.waiters, mayHaveMissed: entry.mayHaveMissed)
        entry.waiters = []
        entry.mayHaveMissed = false
        entry.isConfirmed = true
        entries[channel] = entry
        return confirmation
    }
}
