import FoundationEssentials
import Synchronization

/// How much memory of its own this process has had at most since a moment (`/proc/self/smaps_rollup`).
final class PeakMemory: Sendable {
    private let bounds = Mutex<(first: Int, most: Int)?>(nil)

    struct Unreadable: Error {}

    /// From now on.
    func begin() {
        guard let now = try? Self.anonymousBytes() else { return }  // `growth` then says that nothing was measured
        bounds.withLock { $0 = (now, now) }
    }

    /// Looks again and again until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            // A look that fails is made up for by the next.
            if let now = try? Self.anonymousBytes() {
                bounds.withLock { bounds in
                    if let known = bounds { bounds = (known.first, max(known.most, now)) }
                }
            }
            try? await Task.sleep(for: .milliseconds(20))  // cancellation ends the loop
        }
    }

    func growth() throws -> Int {
        guard let (first, most) = bounds.withLock({ $0 }) else { throw Unreadable() }
        return most - first
    }

    private static func anonymousBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("Anonymous:") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
                return kilobytes * 1024
            }
        }
        throw Unreadable()
    }
}
