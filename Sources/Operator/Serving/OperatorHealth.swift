import Synchronization

/// Whether the operator does its work, as `/readyz` tells it.
final class OperatorHealth: Sendable {
    private struct Storage {
        var waitingFor: Set<String>
        var problems: [String: String] = [:]
    }

    private let storage: Mutex<Storage>

    /// - Parameter parts: what has to report itself ready first.
    init(waitingFor parts: Set<String>) {
        storage = Mutex(Storage(waitingFor: parts))
    }

    func becameReady(_ part: String) {
        storage.withLock {
            $0.waitingFor.remove(part)
            $0.problems[part] = nil
        }
    }

    func failed(_ part: String, _ problem: String) {
        storage.withLock { $0.problems[part] = problem }
    }

    /// nil when ready.
    var notReadyReason: String? {
        storage.withLock { storage in
            if let problem = storage.problems.min(by: { $0.key < $1.key }) { return "\(problem.key): \(problem.value)" }
            return storage.waitingFor.min().map { "waiting for \($0)" }
        }
    }
}
