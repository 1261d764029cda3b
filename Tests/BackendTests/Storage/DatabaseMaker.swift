import Foundation
import Logging
import Testing

@testable import Backend

/// Makes databases of one kind; everything that is stored is tested on each kind.
struct DatabaseMaker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The address of a new, empty database. What a SQLite one holds is in memory and goes with who opened it.
    let address: @Sendable () async throws -> Secret

    static let sqlite = DatabaseMaker(testDescription: "SQLite") { Secret("sqlite:///:memory:") }
    static let postgreSQL = DatabaseMaker(testDescription: "PostgreSQL") {
        try await PostgreSQLServer.freshDatabase()
    }

    /// All kinds.
    static let all = [sqlite, postgreSQL]

    /// Runs a test with the address of an empty database that several can open; a SQLite one is a file.
    func withSharedAddress(_ test: (Secret) async throws -> Void) async throws {
        let address = try await address()
        guard address.value.hasPrefix("sqlite:") else { return try await test(address) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("database-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await test(Secret("sqlite:///\(folder.path)/app.db"))
    }

    /// Runs a test with an empty database, which is closed afterwards.
    func withEmpty(_ test: (any Database) async throws -> Void) async throws {
        let database = try Self.open(try await address())
        try await closing(database) { try await test(database) }
    }

    /// Runs a test with a database that has the schema, and is closed afterwards.
    func with(_ test: (any Database) async throws -> Void) async throws {
        try await withEmpty { database in
            try await Migrator(database: database).migrate()
            try await test(database)
        }
    }

    /// Opens the database at an address.
    static func open(_ address: Secret) throws -> any Database {
        try DatabaseURL(parsing: address.value).open(logger: .silent)
    }
}
