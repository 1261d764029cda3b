import FoundationEssentials

/// A statement as it is sent: its arguments in PostgreSQL's binary format, one after the other in one buffer.
///
/// Made by the task that asks, before it waits for anything, so that what cannot be sent is known at once.
struct EncodedStatement: Sendable {
    /// What the protocol's 16-bit count holds.
    private static let maximumArguments = 65_535

    let text: String
    /// The numbers of the arguments' types; 0 where the value is NULL.
    private(set) var types: [UInt32] = []
    /// Where each argument ends in `bytes`; nil for NULL.
    private(set) var ends: [Int?] = []
    private(set) var bytes: [UInt8] = []
    let expectation: SQLStatement.Expectation

    /// - Throws: ``DatabaseError`` with code `invalidValue` for what PostgreSQL cannot hold.
    init(_ statement: SQLStatement) throws(DatabaseError) {
        text = statement.text.postgreSQL
        expectation = statement.expectation
        guard statement.arguments.count <= Self.maximumArguments else {
            throw DatabaseError(.invalidValue, "a statement takes \(Self.maximumArguments) arguments at most")
        }
        guard !statement.arguments.isEmpty else { return }
        types.reserveCapacity(statement.arguments.count)
        ends.reserveCapacity(statement.arguments.count)
        for (index, value) in statement.arguments.enumerated() {
            types.append(PostgreSQLType(of: value)?.rawValue ?? 0)
            try append(value, index)
            ends.append(value == .null ? nil : bytes.count)
        }
    }

    private mutating func append(_ value: SQLValue, _ index: Int) throws(DatabaseError) {
        switch value {
        case .null: break
        case .integer(let number): append(number)
        case .double(let number): append(number.bitPattern)
        case .text(let text): try append(text, index)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .boolean(let value): bytes.append(value ? 1 : 0)
        case .timestamp(let time):
            let (number, overflow) = time.microseconds.subtractingReportingOverflow(PostgreSQLEpoch.microseconds)
            // The two extremes mean -infinity and infinity there.
            guard !overflow, number != .min, number != .max else {
                throw DatabaseError(.invalidValue, "argument $\(index + 1) is a time that PostgreSQL cannot hold")
            }
            append(number)
        case .uuid(let uuid): withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) }
        case .json(let text):
            // The format's version.
            bytes.append(1)
            try append(text, index)
        }
    }

    private mutating func append(_ text: String, _ index: Int) throws(DatabaseError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        if bytes[start...].contains(0) {
            throw DatabaseError(.invalidValue, "argument $\(index + 1) has a NUL character, which text must not have")
        }
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// PostgreSQL counts time from 2000-01-01T00:00:00Z.
enum PostgreSQLEpoch {
    static let microseconds: Int64 = 946_684_800_000_000
}
