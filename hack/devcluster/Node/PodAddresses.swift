import Synchronization

/// Hands out the pods' loopback addresses, of the `/16` that the cluster claimed. An address that was given back rests while
/// others are free, so that a connection to a pod that is gone does not reach its successor.
final class PodAddresses: Sendable {
    /// How many pods there can be: far above what one machine runs.
    static let capacity = 1_000

    private struct Storage {
        var next = 1
        var used: [String: String] = [:]
    }

    private let octet: Int
    private let storage = Mutex(Storage())

    /// - Parameter octet: the addresses are `127.OCTET.…`.
    init(octet: Int) { self.octet = octet }

    /// An address for a pod, the one that it has already if it asks again; nil when the node is full.
    func assign(to uid: String) -> String? {
        storage.withLock { storage in
            if let address = storage.used[uid] { return address }
            guard storage.used.count < Self.capacity else { return nil }
            let taken = Set(storage.used.values)
            while true {
                let number = storage.next
                storage.next = storage.next % 65_000 + 1
                let address = "127.\(octet).\(number >> 8).\(number & 255)"
                // As on a real network, .0 and .255 are nobody's.
                if number & 255 == 0 || number & 255 == 255 || taken.contains(address) { continue }
                storage.used[uid] = address
                return address
            }
        }
    }

    func release(_ uid: String) {
        storage.withLock { storage in storage.used[uid] = nil }
    }
}
