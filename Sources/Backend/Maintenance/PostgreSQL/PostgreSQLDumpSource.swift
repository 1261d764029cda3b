import SystemPackage

/// A PostgreSQL database, written out by pg_dump.
///
/// A session of psql holds a snapshot open while pg_dump reads from the same one, so that the counts of rows in the manifest are
/// those of the dump, whatever is written meanwhile.
struct PostgreSQLDumpSource: DumpSource {
    let programs: PostgreSQLPrograms

    /// Without owners and grants: the database may be restored for another user, and elsewhere. A table that is locked for
    /// longer than a minute ends the dump rather than hold it up for good.
    private static let arguments = [
        "--format=plain", "--no-owner", "--no-privileges", "--no-tablespaces", "--encoding=UTF8",
        "--lock-wait-timeout=60000",
    ]

    func dump(to output: FileDescriptor, workspace: FilePath) async throws -> DumpedContents {
        let version = try await programs.pgDumpVersion()
        let input = try Pipe()
        let answers = try Pipe()
        let session = programs.psql()
        return try await Gzip.together(
            { try await session.run(input: input.readEnd, output: answers.writeEnd, logger: programs.logger) },
            {
                defer {
                    // The end of its input ends the session; its outcome is asked for elsewhere.
                    try? input.writeEnd.close()
                    try? answers.readEnd.close()
                }
                let snapshot = try await BlockingWork.run {
                    try input.writeEnd.writeAll(Array(PostgreSQLSnapshot.script.utf8))
                    return try PostgreSQLSnapshot(reading: answers.readEnd)
                }
                guard version.major >= snapshot.serverMajor else {
                    throw MaintenanceError.unavailable(
                        "pg_dump \(version.major) cannot back up a PostgreSQL \(snapshot.serverMajor): a pg_dump of at least the server's version is needed"
                    )
                }
                let bytes = try await dump(snapshot, to: output)
                return DumpedContents(
                    kind: .postgresql, databaseVersion: snapshot.serverVersion, dumpProgram: version.text,
                    schemaVersion: snapshot.schemaVersion, rows: snapshot.rows, bytes: bytes)
            })
    }

    /// - Returns: How many bytes were written.
    private func dump(_ snapshot: PostgreSQLSnapshot, to output: FileDescriptor) async throws -> Int64 {
        let pipe = try Pipe()
        let program = programs.pgDump(Self.arguments + ["--snapshot=\(snapshot.identifier)"])
        return try await Gzip.together(
            { try await program.run(input: nil, output: pipe.writeEnd, logger: programs.logger) },
            {
                defer { try? pipe.readEnd.close() }  // Nothing is written to it here.
                return try await BlockingWork.run {
                    var ends = DumpEnds()
                    try pipe.readEnd.readAll { bytes in
                        ends.add(bytes)
                        try output.writeAll(bytes)
                    }
                    guard ends.kind == .postgresql, ends.isComplete else {
                        throw MaintenanceError.unavailable("pg_dump did not write a whole dump")
                    }
                    return ends.bytes
                }
            })
    }
}

/// A snapshot that a session of psql holds open, and what can be seen in it.
struct PostgreSQLSnapshot: Sendable {
    var identifier = ""
    var serverVersion = ""
    var serverMajor = 0
    var schemaVersion = 0
    var rows: [String: Int64] = [:]

    /// Opens the snapshot, tells of it, and leaves it open.
    static let script = """
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SELECT 'snapshot', pg_export_snapshot();
        SELECT 'server', current_setting('server_version'), current_setting('server_version_num');
        \(schemaVersion)
        \(userTables("SELECT format('SELECT %L, %L, count(*) FROM %I.%I', 'rows', format('%I.%I', nspname, relname), nspname, relname)"))
        ORDER BY nspname, relname \\gexec
        \\echo done

        """

    /// Prints the last migration; nothing when there is no history.
    private static let schemaVersion = """
        SELECT to_regclass('public.schema_migrations') IS NOT NULL AS has_history \\gset
        \\if :has_history
        SELECT 'schema', coalesce(max(number), 0) FROM public.schema_migrations;
        \\endif
        """

    /// A query on the tables that are neither the system's nor an extension's.
    /// - Parameter select: May use `nspname` and `relname`.
    static func userTables(_ select: String) -> String {
        """
        \(select)
        FROM pg_catalog.pg_class AS relation JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
        WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
            AND NOT relispartition
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend
                WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = relation.oid AND deptype = 'e')
        """
    }

    /// Reads what the script prints; blocks until it is through.
    init(reading output: FileDescriptor) throws {
        var text: [UInt8] = []
        let end = Array("done\n".utf8)
        var isDone = false
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !isDone {
            let count = try chunk.withUnsafeMutableBytes { try output.read(into: $0) }
            guard count > 0 else { throw MaintenanceError.unavailable("psql ended before it told of the database") }
            text.append(contentsOf: chunk[..<count])
            isDone = text.suffix(end.count).elementsEqual(end)
        }
        for row in PostgreSQLPrograms.rows(String(decoding: text, as: UTF8.self)) {
            switch (row.first, row.count) {
            case ("snapshot", 2): identifier = row[1]
            case ("server", 3):
                serverVersion = row[1]
                serverMajor = (Int(row[2]) ?? 0) / 10_000
            case ("schema", 2): schemaVersion = Int(row[1]) ?? 0
            case ("rows", 3): rows[row[1]] = Int64(row[2])
            default: break
            }
        }
        guard !identifier.isEmpty, serverMajor > 0 else {
            throw MaintenanceError.unavailable("psql did not tell of the database")
        }
    }
}
