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
