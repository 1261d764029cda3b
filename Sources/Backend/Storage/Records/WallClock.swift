/// Where the time of day comes from; tests bring their own.
struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    init(_ read: @escaping @Sendable () -> Timestamp) {
        self.read = read
    }

    var now: Timestamp { read() }

    static let system = WallClock { .now }
}
