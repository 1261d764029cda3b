/// Brings a database's schema to this program's version, and tells when it is at another one.
///
/// Any number of replicas may do it at once: each step takes the database's lock, and whoever comes second finds it done.
struct Migrator: Sendable {
    let database: any Database
    var migrations = Migration.all

    /// How the schema stands to this program.
    enum State: Sendable, Equatable {
        /// Version 0 is an empty database.
        case behind(version: Int, pending: Int)
        case current(version: Int)
        /// Made by a newer program, which may have changed what this one relies on.
        case ahead(version: Int)
    }

    /// Any constant of ours: PostgreSQL's advisory locks are one name space for a whole database.
    private static let lock: SQLText = SQLText(
        sqlite: "SELECT 1", postgreSQL: "SELECT pg_advisory_xact_lock(7164790214283117)")

    private static let createHistory = SQLText(
        sqlite: """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number INTEGER NOT NULL CONSTRAINT schema_migrations_pkey PRIMARY KEY,
                name TEXT NOT NULL,
                applied_at INTEGER NOT NULL
            ) STRICT
            """,
        postgreSQL: """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number bigint PRIMARY KEY,
                name text NOT NULL,
                applied_at timestamptz NOT NULL
            )
            """)

    private static let hasHistory = SQLText(
        sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
        postgreSQL: """
            SELECT count(*) FROM pg_catalog.pg_class
            WHERE relname = 'schema_migrations' AND relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(oid)
            """)

    /// Reads the schema's version; changes nothing.
    func state() async throws -> State {
        let version = try await version()
        let latest = migrations.last?.number ?? 0
        if version > latest { return .ahead(version: version) }
        if version == latest { return .current(version: version) }
        return .behind(version: version, pending: latest - version)
    }

    /// Carries out what is missing, one transaction a step.
    /// - Parameter onStep: Called after each step that this call carried out.
    /// - Returns: The steps that this call carried out.
    /// - Throws: ``DatabaseError`` with code `schemaTooNew` when the database is newer than the program.
    @discardableResult
    func migrate(onStep: (Migration) -> Void = { _ in }) async throws -> [Migration] {
        var done: [Migration] = []
        while true {
            switch try await state() {
            case .current: return done
            case .ahead(let version): throw Self.tooNew(version, latest: migrations.last?.number ?? 0)
            case .behind(let version, _):
                guard let next = migrations.first(where: { $0.number > version }) else { return done }
                if try await apply(next) {
                    onStep(next)
                    done.append(next)
                }
            }
        }
    }

    /// Returns when this program can work with the schema.
    /// - Throws: ``DatabaseError`` with code `schemaTooNew` or `schemaTooOld`, which says what to do.
    func check() async throws {
        switch try await state() {
        case .current: return
        case .ahead(let version): throw Self.tooNew(version, latest: migrations.last?.number ?? 0)
        case .behind(let version, let pending):
            throw DatabaseError(
                .schemaTooOld,
                "the schema is at version \(version), \(pending) behind this program: run `\(Version.program) migrate`")
        }
    }

    private func version() async throws -> Int {
        let known: Int = try await database.rows(Self.hasHistory).first?.get(0) ?? 0
        guard known > 0 else { return 0 }
        return try await database.rows("SELECT coalesce(max(number), 0) FROM schema_migrations").first?.get(0) ?? 0
    }

    /// - Returns: False when another replica was faster.
    private func apply(_ migration: Migration) async throws -> Bool {
        var batch = [SQLStatement(Self.lock), SQLStatement(Self.createHistory)]
        // First of all, so that a step that is done already is not begun.
        batch.append(
            SQLStatement(
                "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)",
                [migration.number.sqlValue, migration.name.sqlValue, Timestamp.now.sqlValue]))
        batch += migration.statements.map { SQLStatement($0) }
        do {
            _ = try await database.run(batch, .write)
            return true
        } catch let error as DatabaseError {
            if error.code == .uniqueViolation, error.constraint?.contains("schema_migrations") == true { return false }
            throw error
        }
    }

    private static func tooNew(_ version: Int, latest: Int) -> DatabaseError {
        DatabaseError(
            .schemaTooNew,
            "the schema is at version \(version) and this program knows \(latest): use the program that made it, or a newer one"
        )
    }
}
