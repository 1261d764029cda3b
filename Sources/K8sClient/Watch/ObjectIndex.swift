/// Finds the objects of an informer's store by something other than their key. As fresh as the store itself.
public struct ObjectIndex<Stored: Sendable>: Sendable, CustomStringConvertible {
    /// What the index is called.
    public let name: String
    let store: ObjectStore<Stored>
    let position: Int

    /// The objects with a value, in no order.
    public subscript(_ value: String) -> [Stored] { store.objects(position, value) }

    /// The keys of the objects with a value.
    public func keys(_ value: String) -> Set<ObjectKey> { store.keys(position, value) }

    /// Every value that an object has, in no order.
    public var values: [String] { store.values(position) }

    /// The index's name.
    public var description: String { "the index \(name)" }
}

/// Which keys stand under which values, in both directions.
struct IndexState<Stored: Sendable>: Sendable {
    private let values: @Sendable (Stored) -> [String]
    private var keysByValue: [String: Set<ObjectKey>] = [:]
    private var valuesByKey: [ObjectKey: [String]] = [:]

    init(values: @escaping @Sendable (Stored) -> [String]) {
        self.values = values
    }

    func keys(_ value: String) -> Set<ObjectKey> { keysByValue[value] ?? [] }

    var knownValues: [String] { Array(keysByValue.keys) }

    mutating func set(_ object: Stored, for key: ObjectKey) {
        let new = values(object)
        guard new != valuesByKey[key] ?? [] else { return }
        remove(key)
        guard !new.isEmpty else { return }
        valuesByKey[key] = new
        for value in new { keysByValue[value, default: []].insert(key) }
    }

    mutating func remove(_ key: ObjectKey) {
        for value in valuesByKey.removeValue(forKey: key) ?? [] {
            keysByValue[value]?.remove(key)
            if keysByValue[value]?.isEmpty == true { keysByValue[value] = nil }
        }
    }

    mutating func removeAll() { (keysByValue, valuesByKey) = ([:], [:]) }
}
