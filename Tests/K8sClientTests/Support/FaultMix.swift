import Foundation
import Synchronization

/// Faults by chance, which a seed repeats. Printed when a run begins; `K8S_CLIENT_TEST_SEED` replays it.
///
/// What happens to a request hangs on the seed, on what is asked and on how often that was asked before, not on the order in
/// which tasks happen to run: the same watch meets the same faults in every run.
final class FaultMix: Sendable {
    let seed: UInt64
    private let counts = Mutex<[String: UInt64]>([:])
    private let isOff = Atomic<Bool>(false)

    /// A seed from the environment, or a new one.
    static var chosenSeed: UInt64 {
        ProcessInfo.processInfo.environment["K8S_CLIENT_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    }

    init(seed: UInt64 = FaultMix.chosenSeed, for what: String) {
        self.seed = seed
        print("\(what): K8S_CLIENT_TEST_SEED=\(seed) replays this run")
    }

    /// Random numbers for the next request of its kind: the same path, selection and representation.
    private func generator(_ request: FaultProxy.Request) -> SeededGenerator {
        let query = request.target.split(separator: "?").last.map(String.init) ?? ""
        let selection = query.split(separator: "&").filter { $0.hasPrefix("labelSelector") || $0.hasPrefix("watch") }
        let path = request.target.prefix { $0 != "?" }
        let kind = "\(request.method) \(path) \(selection.joined(separator: " ")) \(request.accept ?? "")"
        let count = counts.withLock { counts in
            counts[kind, default: 0] += 1
            return counts[kind] ?? 0
        }
        // FNV-1a: Swift's own hashes differ from run to run.
        let hash = kind.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return SeededGenerator(seed: seed ^ hash &+ count &* 0x9E37_79B9_7F4A_7C15)
    }

    /// From now on nothing goes wrong.
    func stop() { isOff.store(true, ordering: .relaxed) }

    /// What happens to the next request. Half of all are dropped, a quarter is hurt otherwise.
    func next(_ request: FaultProxy.Request) -> FaultProxy.Fault {
        if isOff.load(ordering: .relaxed) { return .none }
        var generator = generator(request)
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
