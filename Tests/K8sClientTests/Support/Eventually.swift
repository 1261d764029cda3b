import Testing

/// Waits until a condition holds, or fails the test when it does not within the deadline.
func eventually(
    _ what: Comment, within deadline: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("never came true: \(what)", sourceLocation: sourceLocation)
}

/// The error that a body throws.
func failure<E: Error>(
    _ type: E.Type = E.self, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws(E) -> some Any
) async throws -> E {
    do throws(E) {
        _ = try await body()
    } catch {
        return error
    }
    try #require(Bool(false), "no error was thrown", sourceLocation: sourceLocation)
    throw CancellationError()
}
