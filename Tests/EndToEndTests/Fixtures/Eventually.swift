/// A condition did not come true in time.
struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` gives a value, looking again twenty times a second.
/// - Throws: `TimedOut` with `what` after `limit`; errors of the condition count as "not yet", the last one is named.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    var last: (any Error)?
    while ContinuousClock.now < deadline {
        do {
            if let value = try await condition() { return value }
            last = nil
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw TimedOut(description: "not within \(limit): \(what)\(last.map { " (last: \($0))" } ?? "")")
}

/// The same for a condition that is true or false.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let _: Void = try await eventually(what, within: limit) { try await condition() ? () : nil }
}
