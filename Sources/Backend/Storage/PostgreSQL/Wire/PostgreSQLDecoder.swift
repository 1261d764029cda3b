import FoundationEssentials

/// Reads one column of a result in PostgreSQL's binary format.
struct PostgreSQLDecoder {
    private let type: PostgreSQLType?
    private let number: UInt32
    private let column: Int

    /// - Parameter number: The type's number in `pg_type`.
    init(_ number: UInt32, column: Int) {
        self.number = number
        self.column = column
        type = PostgreSQLType(rawValue: number)
    }

    func value(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> SQLValue {
        guard let type else {
            throw DatabaseError(
                .unexpectedValue, "column \(column) has a type that is not read here (number \(number)); cast it")
        }
        switch type {
        case .text, .varchar, .bpchar, .name, .unknown: return .text(String(decoding: bytes, as: UTF8.self))
        case .int8: return .integer(try integer(bytes, Int64.self))
        case .int4: return .integer(Int64(try integer(bytes, Int32.self)))
        case .int2: return .integer(Int64(try integer(bytes, Int16.self)))
        case .oid: return .integer(Int64(try integer(bytes, UInt32.self)))
        case .bool: return .boolean(try integer(bytes, UInt8.self) != 0)
        case .float8: return .double(Double(bitPattern: try integer(bytes, UInt64.self)))
        case .float4: return .double(Double(Float(bitPattern: try integer(bytes, UInt32.self))))
        case .bytea: return .bytes(Array(bytes))
        case .timestamptz: return try timestamp(bytes)
        case .uuid:
            guard bytes.count == MemoryLayout<uuid_t>.size else { throw malformed }
            return .uuid(UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)))
        case .json: return .json(String(decoding: bytes, as: UTF8.self))
        case .jsonb:
            guard bytes.first == 1 else { throw malformed }
            return .json(String(decoding: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self))
        case .numeric: return try numeric(bytes)
        // What a function without a result gives.
        case .void: return .null
        }
    }

    private var malformed: DatabaseError {
        DatabaseError(.unexpectedValue, "column \(column) is not in the format of its type (number \(number))")
    }

    private func integer<Number: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ type: Number.Type
    ) throws(DatabaseError) -> Number {
        guard bytes.count == MemoryLayout<Number>.size else { throw malformed }
        return Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }

    private func timestamp(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> SQLValue {
        let number = try integer(bytes, Int64.self)
        let (microseconds, overflow) = number.addingReportingOverflow(PostgreSQLEpoch.microseconds)
        guard !overflow, number != .min, number != .max else {
            throw DatabaseError(.unexpectedValue, "column \(column) is an infinite time")
        }
        return .timestamp(Timestamp(microseconds: microseconds))
    }

    /// Whole numbers only, as `sum()` gives them: any other would lose digits in a Double without a word.
    ///
    /// The format: counts of digits, weight of the first digit, sign, digits after the point to show, then the digits to the
    /// base 10,000.
    private func numeric(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> SQLValue {
        guard bytes.count >= 8, bytes.count.isMultiple(of: 2) else { throw malformed }
        func word(_ index: Int) -> Int {
            Int(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)))
        }
        let (count, weight, sign) = (word(0), word(1), word(2))
        guard count >= 0, bytes.count == 8 + count * 2 else { throw malformed }
        let isNegative = sign == 0x4000
        guard isNegative || sign == 0, weight < 5, count <= weight + 1 || count == 0 else { throw notWhole }
        var value: Int64 = 0
        guard count > 0 else { return .integer(0) }
        for position in 0...weight {
            let digit = Int64(position < count ? word(4 + position) : 0)
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10_000)
            let (sum, larger) = shifted.addingReportingOverflow(isNegative ? -digit : digit)
            guard !tooLarge, !larger else { throw notWhole }
            value = sum
        }
        return .integer(value)
    }

    private var notWhole: DatabaseError {
        DatabaseError(
            .unexpectedValue,
            "column \(column) is a numeric that is no whole number of 64 bits; cast it to float8 or text")
    }
}
