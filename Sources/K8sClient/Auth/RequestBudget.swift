/// How many of a client's requests run at once, split into lanes that do not wait for one another.
///
/// Each lane has a number of places. A request of a full lane waits for a place of its own lane, whatever the others do: a
/// lease is renewed in time while hundreds of applies queue. Streams (watches, logs) take no place.
///
///     var configuration = try ClientConfiguration.load()
///     configuration.requestBudget = RequestBudget(limits: [.standard: 32, .coordination: 4, "backup": 2])
///     let backups = KubernetesClient(configuration: configuration).using("backup")
public struct RequestBudget: Sendable, Hashable {
    /// The name of a part of the budget.
    public struct Lane: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The name, as metrics show it.
        public let rawValue: String
        /// Names a lane.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// Names a lane.
        public init(stringLiteral value: String) { rawValue = value }

        /// The lane's name.
        public var description: String { rawValue }

        /// What no other lane is named for.
        public static let standard: Lane = "standard"
        /// Leases: little traffic that must not come late. `LeaderElector` uses it by itself.
        public static let coordination: Lane = "coordination"
    }

    /// The places of each lane; a number below one counts as one.
    public var limits: [Lane: Int]

    /// Makes a budget. The standard lane has 32 places and that for coordination 4 unless the limits say otherwise; a lane
    /// that no limit names is the standard lane.
    public init(limits: [Lane: Int] = [:]) {
        self.limits = [.standard: 32, .coordination: 4].merging(limits) { $1 }
    }

    func limit(of lane: Lane) -> Int { max(limits[lane] ?? limits[.standard] ?? 32, 1) }

    /// The lanes in a fixed order, the standard one first.
    var lanes: [Lane] {
        [.standard] + limits.keys.filter { $0 != .standard }.sorted { $0.rawValue < $1.rawValue }
    }
}
