/// How a dump begins and ends, which tells its kind and whether it was cut off.
struct DumpEnds: Sendable, Equatable {
    private(set) var bytes: Int64 = 0
    private var head: [UInt8] = []
    private var tail: [UInt8] = []

    /// The marks are within the first and the last lines.
    private static let kept = 1024
    /// What this program writes around a SQLite database, after pg_dump's manner.
    static let sqliteHead = "-- SQLite database dump\n"
    static let sqliteTail = "-- SQLite database dump complete\n"

    mutating func add(_ piece: UnsafeRawBufferPointer) {
        bytes += Int64(piece.count)
        if head.count < Self.kept { head.append(contentsOf: piece.prefix(Self.kept - head.count)) }
        if piece.count >= Self.kept {
            tail = Array(piece.suffix(Self.kept))
        } else {
            tail.append(contentsOf: piece)
            tail.removeFirst(max(0, tail.count - Self.kept))
        }
    }

    /// Nil when it is no dump of a database that this program knows.
    var kind: BackupManifest.Kind? {
        let head = String(decoding: head, as: UTF8.self)
        if head.contains("-- PostgreSQL database dump") { return .postgresql }
        // The second is what the sqlite3 program's .dump begins with.
        if head.hasPrefix(Self.sqliteHead) || head.hasPrefix("PRAGMA foreign_keys=OFF;\n") { return .sqlite }
        return nil
    }

    /// Whether it goes to its own end.
    var isComplete: Bool {
        let tail = String(decoding: tail, as: UTF8.self)
        return switch kind {
        case .postgresql: tail.contains("-- PostgreSQL database dump complete")
        case .sqlite: tail.hasSuffix(Self.sqliteTail) || tail.hasSuffix("COMMIT;\n")
        case nil: false
        }
    }
}
