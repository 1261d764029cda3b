import FoundationEssentials
import GRDB
import K8sClient

/// The cluster's objects on disk: one SQLite database, written ahead (WAL) and synchronised at every commit, so that what
/// a commit wrote is there after any crash, and what no commit finished is not. Frames of the log that a crash tore are
/// recognised by their checksums and left out; SQLite moves the log's content into the database as it grows.
final class StateDatabase: DurableLog {
    /// The data cannot be used, with the reason and the file.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    private let queue: DatabaseQueue

    /// Opens the database, or makes it.
    init(path: String) throws(Unusable) {
        do {
            try PrivateFile.touch(path)
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.label = "devcluster.data"
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // Only this way a commit is on disk once it returns; the library's own choice for WAL is weaker.
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            try Self.migrator.migrate(queue)
            let check = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard check == "ok" else {
                throw Unusable(description: "the data in \(path) is damaged: \(check ?? "no answer")")
            }
        } catch let error as Unusable {
            throw error
        } catch {
            throw Unusable(description: "the data in \(path) cannot be used: \(Self.reason(error))")
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("objects and settings") { db in
            try db.create(table: "object") { table in
                table.column("apiGroup", .text).notNull()
                table.column("resource", .text).notNull()
                table.column("namespace", .text).notNull()
                table.column("name", .text).notNull()
                table.column("version", .integer).notNull()
                table.column("schemaRevision", .integer).notNull()
                table.column("fields", .blob).notNull()
                table.column("body", .blob).notNull()
                table.primaryKey(["apiGroup", "resource", "namespace", "name"])
            }
            try db.create(table: "setting") { table in
                table.primaryKey("name", .text)
                table.column("value", .integer).notNull()
            }
        }
        return migrator
    }

    // MARK: Objects

    func commit(_ changes: [DurableChange]) throws {
        // Of several changes of one object in a batch only the last has to be written.
        var last: [DurableChange.Place: DurableChange] = [:]
        for change in changes { last[change.place] = change }
        guard let version = changes.last?.version else { return }
        try queue.write { db in
            for (place, change) in last {
                let key: [any DatabaseValueConvertible] = [
                    place.resource.group, place.resource.resource, place.key.namespace, place.key.name,
                ]
                if let object = change.object {
                    try db.cachedStatement(
                        sql: """
                            INSERT OR REPLACE INTO object
                                (apiGroup, resource, namespace, name, version, schemaRevision, fields, body)
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                            """
                    ).execute(
                        arguments: StatementArguments(
                            key + [
                                Int64(object.resourceVersion), object.schemaRevision,
                                Data(JSONValue(object.fields).jsonBytes()), Data(object.bytes),
                            ]))
                } else {
                    try db.cachedStatement(
                        sql: "DELETE FROM object WHERE apiGroup = ? AND resource = ? AND namespace = ? AND name = ?"
                    ).execute(arguments: StatementArguments(key))
                }
            }
            try Self.set("version", Int64(version), db)
        }
    }

    /// Every object, in no order.
    func objects() throws(Unusable) -> [(GroupResource, StoredObject)] {
        do {
            return try queue.read { db in
                var result: [(GroupResource, StoredObject)] = []
                let rows = try Row.fetchCursor(
                    db, sql: "SELECT apiGroup, resource, version, schemaRevision, fields, body FROM object")
                while let row = try rows.next() {
                    let fields = try JSONValue(parsing: Array(row[4] as Data)).object ?? [:]
                    let object = try StoredObject(
                        bytes: Array(row[5] as Data), resourceVersion: UInt64(row[2] as Int64),
                        fields: fields.compactMapValues(\.string), schemaRevision: row[3])
                    result.append((GroupResource(row[0], row[1]), object))
                }
                return result
            }
        } catch {
            throw Unusable(description: "the data cannot be read back: \(Self.reason(error))")
        }
    }

    // MARK: Settings

    /// What else is remembered over a restart.
    enum Setting: String {
        /// The version of the newest change.
        case version
        case port
        /// Pods have addresses in `127.OCTET.…`.
        case podOctet
    }

    func value(_ setting: Setting) throws(Unusable) -> Int? {
        do {
            return try queue.read { db in
                try Int.fetchOne(db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [setting.rawValue])
            }
        } catch {
            throw Unusable(description: "the data cannot be read back: \(Self.reason(error))")
        }
    }

    func set(_ setting: Setting, _ value: Int) throws(Unusable) {
        do {
            try queue.write { db in try Self.set(setting.rawValue, Int64(value), db) }
        } catch {
            throw Unusable(description: "the data cannot be written: \(Self.reason(error))")
        }
    }

    private static func set(_ name: String, _ value: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)")
            .execute(arguments: [name, value])
    }

    /// Moves the log into the database and closes both; without it the log is simply read at the next start.
    func close() throws { try queue.close() }

    /// What the database says, without the statement, which may hold an object's content.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return error.message ?? error.resultCode.description
    }

    func reason(_ error: any Error) -> String { Self.reason(error) }
}
