/// Which statements one connection has prepared, and under which names; the least recently used goes first.
struct PreparedStatements {
    /// A statement to be used, and what must be sent before.
    struct Use: Equatable {
        let name: String
        let isNew: Bool
        /// The one that made room.
        let evicted: String?
    }

    private struct Entry {
        let name: String
        let text: String
        /// The arguments' types it was prepared with; 0 where the server chose one.
        let types: [UInt32]
        var lastUse: Int
    }

    private let limit: Int
    /// By text; more than one where arguments' types differ.
    private var entries: [String: [Entry]] = [:]
    private(set) var count = 0
    private var uses = 0
    private var names = 0
    /// Still prepared at the server, but not to be used: to be sent with the next batch.
    private(set) var toDeallocate: [String] = []

    init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// The statement for a text with arguments of `types`, where 0 is NULL and fits every type.
    mutating func use(_ text: String, _ types: [UInt32]) -> Use {
        uses += 1
        if var variants = entries[text], let index = variants.firstIndex(where: { Self.fits($0.types, types) }) {
            variants[index].lastUse = uses
            let name = variants[index].name
            entries[text] = variants
            return Use(name: name, isNew: false, evicted: nil)
        }
        let evicted = count >= limit ? removeLeastRecentlyUsed() : nil
        names += 1
        let entry = Entry(name: "s\(names)", text: text, types: types, lastUse: uses)
        entries[text, default: []].append(entry)
        count += 1
        return Use(name: entry.name, isNew: true, evicted: evicted)
    }

    private static func fits(_ prepared: [UInt32], _ given: [UInt32]) -> Bool {
        // Equal types are nearly every case.
        prepared == given || prepared.count == given.count && zip(prepared, given).allSatisfy { $1 == 0 || $0 == $1 }
    }

    private mutating func removeLeastRecentlyUsed() -> String? {
        guard let oldest = entries.values.joined().min(by: { $0.lastUse < $1.lastUse }) else { return nil }
        forget(oldest.name)
        return oldest.name
    }

    /// Preparing it did not succeed.
    mutating func forget(_ name: String) {
        guard let text = entries.first(where: { $0.value.contains { $0.name == name } })?.key else { return }
        entries[text]?.removeAll { $0.name == name }
        if entries[text]?.isEmpty == true { entries[text] = nil }
        count -= 1
    }

    /// Its DEALLOCATE was skipped.
    mutating func keepForDeallocation(_ name: String) {
        toDeallocate.append(name)
    }

    mutating func takeToDeallocate() -> [String] {
        defer { toDeallocate = [] }
        return toDeallocate
    }

    /// None is to be used any more, as tables have changed.
    mutating func forgetAll() {
        entries = [:]
        count = 0
        toDeallocate = ["ALL"]
    }
}
