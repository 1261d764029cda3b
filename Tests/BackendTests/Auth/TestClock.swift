import Synchronization

@testable import Backend

/// A clock that a test moves on.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp.now)

    var clock: WallClock { WallClock { self.time.withLock { $0 } } }

    func advance(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}
