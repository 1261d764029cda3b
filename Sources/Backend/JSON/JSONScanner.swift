/// Walks over a JSON text (RFC 8259) without making anything of it: members are found by name, the rest is checked and skipped.
///
/// For paths that run once a request or once a frame, where building a document would cost more than all else. The bytes must outlive
/// the scanner: it is used inside `withUnsafeReadableBytes` only.
struct JSONScanner {
    /// What is wrong with a text, and where.
    struct Failure: Error, Equatable {
        enum Reason: Equatable {
            case syntax, tooDeep, invalidUTF8, nulCharacter, wrongType
        }

        let reason: Reason
        /// In bytes from the beginning.
        let offset: Int
    }

    enum Kind: Equatable {
        case object, array, string, number, boolean, null
    }

    /// Deeper than anything that people or programs write on purpose, and far from what a stack holds.
    static let depthLimit = 128

    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    private var depth = 0
    /// Whether `\u0000` may stand in a string.
    let allowsNUL: Bool

    init(_ bytes: UnsafeRawBufferPointer, allowsNUL: Bool = false) {
        self.bytes = bytes
        self.allowsNUL = allowsNUL
    }

    /// For the extensions that look ahead themselves.
    mutating func advance(to position: Int) { self.position = position }

    func failure(_ reason: Failure.Reason) -> Failure { Failure(reason: reason, offset: position) }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// What the next value is.
    mutating func kind() throws(Failure) -> Kind {
        skipSpace()
        guard position < bytes.count else { throw failure(.syntax) }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case 0: throw failure(.nulCharacter)
        default: throw failure(.syntax)
        }
    }

    /// Nothing but space is left.
    mutating func end() throws(Failure) {
        skipSpace()
        guard position == bytes.count else { throw failure(bytes[position] == 0 ? .nulCharacter : .syntax) }
    }

    /// Goes through the members of an object; `member` gets each name without its quotes, and must consume the value.
    mutating func object(
        _ member: (inout JSONScanner, JSONString) throws(Failure) -> Void
    ) throws(Failure) {
        try open(.object)
        skipSpace()
        if take(UInt8(ascii: "}")) { return close() }
        while true {
            guard try kind() == .string else { throw failure(.syntax) }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure(.syntax) }
            try member(&self, name)
            skipSpace()
            if take(UInt8(ascii: "}")) { return close() }
            guard take(UInt8(ascii: ",")) else { throw failure(.syntax) }
        }
    }

    /// Goes through the elements of an array; `element` must consume each.
    mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
        try open(.array)
        skipSpace()
        if take(UInt8(ascii: "]")) { return close() }
        while true {
            try element(&self)
            skipSpace()
            if take(UInt8(ascii: "]")) { return close() }
            guard take(UInt8(ascii: ",")) else { throw failure(.syntax) }
        }
    }

    private mutating func open(_ expected: Kind) throws(Failure) {
        guard try kind() == expected else { throw failure(.wrongType) }
        guard depth < Self.depthLimit else { throw failure(.tooDeep) }
        depth += 1
        position += 1
    }

    private mutating func close() { depth -= 1 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Checks and passes over any value.
    mutating func skip() throws(Failure) {
        switch try kind() {
        case .object: try object { scanner, _ throws(Failure) in try scanner.skip() }
        case .array: try array { scanner throws(Failure) in try scanner.skip() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .boolean: _ = try boolean()
        case .null: try word("null")
        }
    }

    mutating func boolean() throws(Failure) -> Bool {
        guard try kind() == .boolean else { throw failure(.wrongType) }
        let value = bytes[position] == UInt8(ascii: "t")
        try word(value ? "true" : "false")
        return value
    }

    private mutating func word(_ word: StaticString) throws(Failure) {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == word.utf8Start[index] else { throw failure(.syntax) }
            position += 1
        }
    }

    /// The text of a number.
    mutating func number() throws(Failure) -> Range<Int> {
        guard try kind() == .number else { throw failure(.wrongType) }
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return start..<position
    }

    private mutating func digits() throws(Failure) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw failure(.syntax) }
    }

    /// A number that is a whole one of up to 18 digits; nil when it is another one.
    mutating func integer() throws(Failure) -> Int? {
        let range = try number()
        guard range.count <= 18 else { return nil }
        var value = 0
        for index in range {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
