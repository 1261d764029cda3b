/// One step of the schema's history. Once released, a step never changes: what is wrong with it is mended by the next one.
struct Migration: Sendable {
    /// Counted from 1 without gaps.
    let number: Int
    /// What it does, in a few words.
    let name: String
    let statements: [SQLText]

    /// Every step, in order.
    static let all: [Migration] = [.initialSchema]

    /// The schema that this program works with.
    static var latest: Int { all.last?.number ?? 0 }
}
