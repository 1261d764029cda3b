import Foundation
import Synchronization

/// Faults by chance, which a seed repeats. Printed when a run begins; `K8S_CLIENT_TEST_SEED` replays it.
final class FaultMix: Sendable {
    let seed: UInt64
    private let generator: Mutex<SeededGenerator>
    private let isOff = Atomic<Bool>(false)

    /// A seed from the environment, or a new one.
    static var chosenSeed: UInt64 {
        ProcessInfo.processInfo.environment["K8S_CLIENT_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    }

    init(seed: UInt64 = FaultMix.chosenSeed, for what: String) {
        self.seed = seed
        generator = Mutex(SeededGenerator(seed: seed))
        print("\(what): K8S_CLIENT_TEST_SEED=\(seed) replays this run")
    }

    /// From now on nothing goes wrong.
    func stop() { isOff.store(true, ordering: .relaxed) }

    /// What happens to the next request. Half of all are dropped, a quarter is hurt otherwise.
    func next(_ request: FaultProxy.Request) -> FaultProxy.Fault {
        if isOff.load(ordering: .relaxed) { return .none }
        return generator.withLock { generator in
            // Small offsets hit the beginning of an answer, large ones the middle of a list or of a watch.
            let offset = Int.random(in: 0..<(Bool.random(using: &generator) ? 2_000 : 200_000), using: &generator)
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<40: return .drop
            case 40..<50: return .dropAnswer
            case 50..<56: return .cut(after: offset)
            case 56..<59: return .delay(.milliseconds(Int.random(in: 1..<200, using: &generator)))
            case 59..<61: return .stall(after: offset)
            case 61..<66: return .duplicate(at: offset)
            case 66..<70: return .corrupt(at: offset)
            case 70..<76:
                let status = [401, 409, 410, 429, 500, 503].randomElement(using: &generator) ?? 500
                return .answer(status, retryAfter: status == 429 || status == 503 ? 0 : nil)
            default: return .none
            }
        }
    }
}
