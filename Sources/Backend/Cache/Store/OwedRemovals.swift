/// Removals that Redis could not be told of.
///
/// Pure. Up to ``limit`` keys are kept; beyond it, everything is owed.
struct OwedRemovals: Sendable {
    /// What settles a debt.
    enum Debt: Equatable, Sendable {
        case keys([CacheKey])
        case everything
    }

    /// A replica that loses Redis for minutes under load stays below it; it takes about 2 MB.
    static let defaultLimit = 10_000

    private let limit: Int
    /// With the number of the removal, so that one that fails again while it is being settled stays.
    private var keys: [CacheKey: Int] = [:]
    private var everything: Int?
    private var last = 0

    init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    var isEmpty: Bool { keys.isEmpty && everything == nil }

    /// Whether what Redis holds for `key` must not be believed.
    func covers(_ key: CacheKey) -> Bool { everything != nil || keys[key] != nil }

    mutating func add(_ key: CacheKey) {
        last += 1
        guard keys.count < limit || keys[key] != nil else {
            keys.removeAll()
            everything = last
            return
        }
        guard everything == nil else {
            everything = last
            return
        }
        keys[key] = last
    }

    /// What is owed now, and the number of its last removal.
    var debt: (Debt, through: Int)? {
        if everything != nil { return (.everything, last) }
        return keys.isEmpty ? nil : (.keys(Array(keys.keys)), last)
    }

    /// Removals up to that number are done.
    mutating func settle(through number: Int) {
        keys = keys.filter { $0.value > number }
        if let owed = everything, owed <= number { everything = nil }
    }
}
