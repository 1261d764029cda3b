import FoundationEssentials

/// What a backup holds and how to tell that it is whole; a JSON file beside it.
struct BackupManifest: Codable, Sendable, Equatable {
    /// After the backup's whole name.
    static let suffix = ".json"
    /// The version of this document's shape.
    static let currentFormat = 1

    /// The kinds of databases, as `DATABASE_URL` begins.
    enum Kind: String, Codable, Sendable {
        case sqlite, postgresql
    }

    var format = currentFormat
    var file: String
    var sha256: String
    /// The file's size.
    var compressedBytes: Int64
    /// The size of the SQL text in it.
    var uncompressedBytes: Int64
    var databaseKind: Kind
    /// The version of the server, or of SQLite.
    var databaseVersion: String
    /// The last migration that the database had; 0 when it had none.
    var schemaVersion: Int
    var programVersion: String
    /// What pg_dump says of itself; nil for SQLite.
    var dumpProgram: String?
    var startedAt: Timestamp
    var completedAt: Timestamp
    /// Rows by table, counted in the very snapshot that was dumped. In PostgreSQL a table's name is qualified and quoted as SQL
    /// needs it.
    var rows: [String: Int64]

    enum CodingKeys: String, CodingKey {
        case format, file, sha256, rows
        case compressedBytes = "compressed_bytes"
        case uncompressedBytes = "uncompressed_bytes"
        case databaseKind = "database_kind"
        case databaseVersion = "database_version"
        case schemaVersion = "schema_version"
        case programVersion = "program_version"
        case dumpProgram = "dump_program"
        case startedAt = "started_at"
        case completedAt = "completed_at"
    }

    /// The document.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// - Throws: ``MaintenanceError`` when it is no manifest of a form that this program knows.
    init(decoding bytes: [UInt8], name: String) throws(MaintenanceError) {
        struct Form: Decodable { let format: Int }
        do {
            let form = try JSONDecoder().decode(Form.self, from: Data(bytes))
            guard form.format <= Self.currentFormat else {
                throw MaintenanceError.badBackup("\(name) is of a newer form (\(form.format)) than this program knows")
            }
            self = try JSONDecoder().decode(BackupManifest.self, from: Data(bytes))
        } catch let error as MaintenanceError {
            throw error
        } catch {
            throw .badBackup("\(name) is no manifest of a backup")
        }
    }

    init(
        file: String, sha256: String, compressedBytes: Int64, contents: DumpedContents, startedAt: Timestamp,
        completedAt: Timestamp
    ) {
        self.file = file
        self.sha256 = sha256
        self.compressedBytes = compressedBytes
        uncompressedBytes = contents.bytes
        databaseKind = contents.kind
        databaseVersion = contents.databaseVersion
        schemaVersion = contents.schemaVersion
        programVersion = Version.number
        dumpProgram = contents.dumpProgram
        self.startedAt = startedAt
        self.completedAt = completedAt
        rows = contents.rows
    }
}

/// What a dump turned out to hold.
struct DumpedContents: Sendable, Equatable {
    var kind: BackupManifest.Kind
    var databaseVersion: String
    var dumpProgram: String?
    var schemaVersion: Int
    var rows: [String: Int64]
    /// How long the SQL text is.
    var bytes: Int64
}
