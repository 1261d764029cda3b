/// A backup's file name, as the guide's script makes it: `db_backup_YYYYMMDD_HHMMSS.sql.gz`, in UTC.
struct BackupName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// When the backup began, to the second.
    let date: Timestamp

    private static let prefix = "db_backup_"
    private static let suffix = ".sql.gz"

    init(_ date: Timestamp) {
        self.date = Timestamp(microseconds: date.seconds * 1_000_000)
    }

    /// - Returns: Nil when no backup has this name.
    init?(_ fileName: String) {
        guard fileName.hasPrefix(Self.prefix), fileName.hasSuffix(Self.suffix) else { return nil }
        let digits = Array(fileName.utf8.dropFirst(Self.prefix.utf8.count).dropLast(Self.suffix.utf8.count))
        guard digits.count == 15, digits[8] == UInt8(ascii: "_") else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        let text = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        guard let date = Timestamp(text) else { return nil }
        self.init(date)
        // The thirtieth of February would have become another day.
        guard description == fileName else { return nil }
    }

    var description: String {
        let text = date.description.filter(\.isNumber)
        return "\(Self.prefix)\(text.prefix(8))_\(text.dropFirst(8).prefix(6))\(Self.suffix)"
    }

    /// The name of the file beside it that says what is in it.
    var manifest: String { description + BackupManifest.suffix }

    static func < (left: BackupName, right: BackupName) -> Bool { left.date < right.date }
}
