import FoundationEssentials
import GRDB
import SystemPackage

/// Writes a database as SQL text: schema, rows in the order of their keys, then what hangs on the rows.
struct SQLiteDumpWriter {
    let connection: GRDB.Database
    let output: FileDescriptor
    private(set) var rows: [String: Int64] = [:]
    private(set) var bytes: Int64 = 0
    private var buffer: [UInt8] = []

    /// One table, as `pragma_table_list` tells of it.
    private struct Table {
        let name: String
        let isVirtual: Bool
        /// A virtual table's own storage, which is made with it.
        let isShadow: Bool
        let hasRowID: Bool
        let sql: String
    }

    init(connection: GRDB.Database, output: FileDescriptor) {
        self.connection = connection
        self.output = output
    }

    mutating func write() throws {
        put(DumpEnds.sqliteHead)
        put("-- Written by \(Version.program) \(Version.number)\n\nPRAGMA foreign_keys = OFF;\nBEGIN;\n")
        for name in ["user_version", "application_id"] {
            put("PRAGMA \(name) = \(try Int64.fetchOne(connection, sql: "PRAGMA \(name)") ?? 0);\n")
        }
        let tables = try tables()
        for table in tables where !table.isShadow { put("\(table.sql);\n") }
        for table in tables where !table.isVirtual { try write(table) }
        for table in tables where table.isVirtual {
            rows[table.name] = try SQLiteSchema.rowCount(table.name, connection)
        }
        try writeSequences()
        let rest = try String.fetchAll(
            connection,
            sql: """
                SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL
                ORDER BY CASE type WHEN 'index' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, rowid
                """)
        for sql in rest { put("\(sql);\n") }
        put("COMMIT;\n\n\(DumpEnds.sqliteTail)")
        try flush()
    }

    private func tables() throws -> [Table] {
        // In the order in which they were made, so that a virtual table comes after what it refers to.
        try Row.fetchAll(
            connection,
            sql: """
                SELECT item.name, list.type, list.wr, item.sql
                FROM sqlite_schema AS item JOIN pragma_table_list AS list ON list.name = item.name AND list.schema = 'main'
                WHERE item.type = 'table' AND item.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                ORDER BY item.rowid
                """
        ).map { row in
            Table(
                name: row[0], isVirtual: row[1] == "virtual", isShadow: row[1] == "shadow", hasRowID: row[2] == 0,
                sql: row[3])
        }
    }

    private mutating func write(_ table: Table) throws {
        let name = table.name.quotedDatabaseIdentifier
        // Generated columns are left out: they cannot be written.
        let columns = try Row.fetchAll(
            connection, sql: "SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0", arguments: [table.name]
        ).map { row in (name: (row[0] as String).quotedDatabaseIdentifier, key: row[1] as Int) }
        let names = columns.map(\.name)
        let keys = columns.filter { $0.key > 0 }.sorted { $0.key < $1.key }.map(\.name)
        let order = keys.isEmpty ? (table.hasRowID ? ["rowid"] : names) : keys
        if table.isShadow { put("DELETE FROM \(name);\n") }
        let head = "INSERT INTO \(name) (\(names.joined(separator: ", "))) VALUES ("
        // GRDB, as C, ends text at a NUL: text with one is read as bytes. Beside each column stands whether that is so.
        let selected = names.map { column in
            let hasNUL = "typeof(\(column)) = 'text' AND instr(CAST(\(column) AS BLOB), X'00') > 0"
            return "CASE WHEN \(hasNUL) THEN CAST(\(column) AS BLOB) ELSE \(column) END, \(hasNUL)"
        }
        let cursor = try Row.fetchCursor(
            connection,
            sql: "SELECT \(selected.joined(separator: ", ")) FROM \(name) ORDER BY \(order.joined(separator: ", "))")
        var count: Int64 = 0
        while let row = try cursor.next() {
            put(head)
            let values = Array(row.databaseValues)
            for index in stride(from: 0, to: values.count, by: 2) {
                if index > 0 { put(", ") }
                let isText = values[index + 1].storage == .int64(1)
                if isText { put("CAST(") }
                put(values[index])
                if isText { put(" AS TEXT)") }
            }
            put(");\n")
            count += 1
            if buffer.count >= 1 << 18 { try flush() }
        }
        if !table.isShadow { rows[table.name] = count }
    }

    private mutating func writeSequences() throws {
        guard try connection.tableExists("sqlite_sequence") else { return }
        put("DELETE FROM sqlite_sequence;\n")
        for row in try Row.fetchAll(connection, sql: "SELECT name, seq FROM sqlite_sequence ORDER BY name") {
            let values = Array(row.databaseValues)
            put("INSERT INTO sqlite_sequence (name, seq) VALUES (")
            put(values[0])
            put(", ")
            put(values[1])
            put(");\n")
        }
    }

    private mutating func put(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    private mutating func put(_ value: DatabaseValue) {
        switch value.storage {
        case .null: put("NULL")
        case .int64(let number): put(String(number))
        // Swift's shortest text that reads back as the same number; infinity is what is too large.
        case .double(let number):
            put(number.isInfinite ? (number < 0 ? "-9e999" : "9e999") : String(number))
        case .string(let text): put(quoted: text)
        case .blob(let data): put(hexadecimal: data)
        }
    }

    private mutating func put(quoted text: String) {
        let quote = UInt8(ascii: "'")
        buffer.append(quote)
        for byte in text.utf8 {
            if byte == quote { buffer.append(quote) }
            buffer.append(byte)
        }
        buffer.append(quote)
    }

    private mutating func put(hexadecimal bytes: some Sequence<UInt8>) {
        put("X'")
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                buffer.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
            }
        }
        put("'")
    }

    private mutating func flush() throws {
        try output.writeAll(buffer)
        bytes += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }
}
