/// The database as readiness sees it: reachable, with the schema that this program knows.
struct DatabaseDependency: Dependency {
    let name = "database"
    let database: any Database
    let schema: SchemaCheck

    func state() async -> DependencyState {
        guard schema.schemaState == .ok else { return schema.schemaState }
        do {
            return try await withDeadline(.seconds(1)) { try await database.ping() } == nil
                ? .unavailable("the database does not answer within a second") : .ok
        } catch let error as DatabaseError {
            return .unavailable(error.message)
        } catch {
            return .unavailable("the database does not answer")
        }
    }
}

/// The body's value, or nil when `duration` passes first; the body is cancelled then.
func withDeadline<Value: Sendable>(
    _ duration: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: duration)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
