import SystemPackage

/// A PostgreSQL database that a dump is put into by psql, in one transaction.
///
/// The transaction is this program's and not psql's --single-transaction: that would commit whatever came before the end of its
/// input, also when the end is that this program was killed.
struct PostgreSQLRestoreTarget: RestoreTarget {
    let programs: PostgreSQLPrograms
    let kind = BackupManifest.Kind.postgresql

    func check(_ manifest: BackupManifest?, replacing: RestoreJob.Replacing) async throws {
        let script = PostgreSQLSnapshot.userTables("SELECT nspname, relname, format('%I.%I', nspname, relname)") + ";\n"
        let tables = try await programs.query(script)
        if replacing == .everything { return }
        let own = try await TargetContents.ownTables()
        let strange = tables.filter { row in
            row.count == 3 && !(row[0] == "public" && own.contains(row[1])) && manifest?.rows[row[2]] == nil
        }
        try TargetContents.check(strange.map { $0[2] }, own: [])
    }

    func restore(_ backup: BackupFile, gzip: Gzip) async throws -> Int {
        let pipe = try Pipe()
        // What the dump's own statements print is of no interest.
        let program = programs.psql(["--output=/dev/null"])
        let manifest = backup.manifest
        _ = try await Gzip.together(
            {
                do {
                    try await program.run(input: pipe.readEnd, output: nil, logger: programs.logger)
                } catch let error as MaintenanceError where error.description.hasPrefix("psql ended with status 3") {
                    // A statement failed, and with it the transaction.
                    throw MaintenanceError.badBackup(
                        "\(backup.path) cannot be restored, and nothing was changed: \(error)")
                }
            },
            {
                defer { try? pipe.writeEnd.close() }  // Its reader is told by the end itself.
                try await gzip.decompress(backup.file) { input in
                    try await BlockingWork.run {
                        _ = try pipe.writeEnd.writeAll(Array(Self.beginning.utf8))
                        var ends = DumpEnds()
                        try input.readAll { bytes in
                            ends.add(bytes)
                            try pipe.writeEnd.writeAll(bytes)
                        }
                        guard ends.isComplete, manifest.map({ $0.uncompressedBytes == ends.bytes }) ?? true else {
                            throw MaintenanceError.badBackup("\(backup.path) changed while it was restored")
                        }
                    }
                }
                // Only now is it known that gzip came to its end.
                try await BlockingWork.run {
                    _ = try pipe.writeEnd.writeAll(Array(Self.ending(manifest).utf8))
                }
            })
        return try await schemaVersion()
    }

    private func schemaVersion() async throws -> Int {
        let row = try await programs.query("SELECT coalesce(max(number), 0) FROM public.schema_migrations;\n").first
        return row?.first.flatMap { Int($0) } ?? 0
    }

    /// Opens the transaction and empties the database of all that is no extension's. Locks are waited for for half a minute, so
    /// that a service that is left running does not hold this up for good.
    private static let beginning = """
        BEGIN;
        SET LOCAL client_min_messages = warning;
        SET LOCAL lock_timeout = '30s';
        DO $drop$
        DECLARE item record;
        BEGIN
            FOR item IN
                SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
                    CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                        WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, nspname, relname) AS command
                FROM pg_catalog.pg_class AS relation JOIN pg_catalog.pg_namespace AS space ON space.oid = relnamespace
                WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition
                    AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::regclass
                        AND objid = relation.oid AND deptype = 'e')
                ORDER BY relkind = 'S', relkind
            LOOP EXECUTE item.command; END LOOP;
            FOR item IN
                SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', routine.oid::regprocedure) AS command
                FROM pg_catalog.pg_proc AS routine JOIN pg_catalog.pg_namespace AS space ON space.oid = pronamespace
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_proc'::regclass
                        AND objid = routine.oid AND deptype = 'e')
            LOOP EXECUTE item.command; END LOOP;
            FOR item IN
                SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', nspname, typname) AS command
                FROM pg_catalog.pg_type AS type JOIN pg_catalog.pg_namespace AS space ON space.oid = typnamespace
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                    AND (typtype IN ('e', 'd', 'r') OR typtype = 'c' AND EXISTS (
                        SELECT FROM pg_catalog.pg_class WHERE pg_class.oid = typrelid AND relkind = 'c'))
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_type'::regclass
                        AND objid = type.oid AND deptype = 'e')
            LOOP EXECUTE item.command; END LOOP;
            FOR item IN
                SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) AS command FROM pg_catalog.pg_namespace AS space
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_namespace'::regclass
                        AND objid = space.oid AND deptype = 'e')
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extnamespace = space.oid)
            LOOP EXECUTE item.command; END LOOP;
        END
        $drop$;

        """

    /// Compares what came out with what the manifest says, and only then commits.
    private static func ending(_ manifest: BackupManifest?) -> String {
        var checks = """
            IF to_regclass('public.schema_migrations') IS NULL THEN
                RAISE EXCEPTION 'the backup holds no schema of this program';
            END IF;
            SELECT coalesce(max(number), 0) INTO found FROM public.schema_migrations;
            IF found > \(Migration.latest) THEN
                RAISE EXCEPTION 'the backup has schema version % and this program knows \(Migration.latest)', found;
            END IF;

            """
        for (table, count) in (manifest?.rows ?? [:]).sorted(by: { $0.key < $1.key }) {
            let quoted = table.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            checks += """
                SELECT count(*) INTO found FROM \(table);
                IF found <> \(count) THEN
                    RAISE EXCEPTION 'table % has % rows and the manifest says \(count)', '\(quoted)', found;
                END IF;

                """
        }
        return "\nDO $check$\nDECLARE found bigint;\nBEGIN\n\(checks)END\n$check$;\nCOMMIT;\n"
    }
}
