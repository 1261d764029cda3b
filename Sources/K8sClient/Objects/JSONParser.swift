/// Why bytes are not the JSON that was expected.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where in the bytes reading stopped, from 0.
    public let offset: Int
    /// What was wrong there, as a clause.
    public let reason: String

    /// The offset and the reason, as one clause.
    public var description: String { "invalid JSON at byte \(offset): \(reason)" }
}

extension JSONValue {
    /// Reads one JSON document (RFC 8259, UTF-8) with nothing but white space around it.
    ///
    /// Of two members under one key the later one stands. Documents nested deeper than 512 levels are refused, so
    /// that no peer can exhaust the stack.
    /// - Parameters:
    ///   - bytes: the text.
    ///   - selection: what of the document is read; all of it by default.
    /// - Throws: `JSONSyntaxError` with the offset of the first byte that does not fit.
    public init(parsing bytes: Span<UInt8>, selecting selection: JSONSelection = .all) throws(JSONSyntaxError) {
        var parser = JSONParser()
        // What is selected is selected to be kept.
        parser.memory.sharesTexts = selection != .all
        parser.memory.names.isUsed = bytes.count >= JSONNames.worthwhileBytes
        self = try parser.document(bytes, selection)
    }

    /// Reads one of many documents that are alike.
    /// - Parameter memory: what the earlier ones had.
    init(
        parsing bytes: Span<UInt8>, selecting selection: JSONSelection, memory: inout JSONMemory
    ) throws(JSONSyntaxError) {
        var parser = JSONParser()
        swap(&parser.memory, &memory)
        defer { swap(&parser.memory, &memory) }
        self = try parser.document(bytes, selection)
    }

    /// Reads one JSON document from an array of UTF-8 bytes.
    public init(parsing bytes: [UInt8], selecting selection: JSONSelection = .all) throws(JSONSyntaxError) {
        try self.init(parsing: bytes.span, selecting: selection)
    }

    /// Reads one JSON document from a string.
    public init(parsing text: String) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// A recursive-descent reader over a span, which each step is given.
struct JSONParser {
    private static let maximumDepth = 512

    var position = 0
    /// What was read before, so that what comes again is not made again.
    var memory = JSONMemory()
    /// The members that were read of the objects that are not closed yet, so that each object's dictionary is made once, and
    /// as large as it has to be.
    var members: [Member] = []

    struct Member {
        let name: String
        let value: JSONValue
    }

    mutating func document(_ bytes: Span<UInt8>, _ selection: JSONSelection) throws(JSONSyntaxError) -> JSONValue {
        let value = try self.value(bytes, depth: 0, selection)
        skipWhiteSpace(bytes)
        guard position == bytes.count else { throw unexpected(bytes, "something follows the document") }
        return value
    }

    func unexpected(_ bytes: Span<UInt8>, _ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, reason: position >= bytes.count ? "the document ends too early" : reason)
    }

    mutating func skipWhiteSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// The first byte of the value that follows, which is not passed yet.
    mutating func beginning(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> UInt8 {
        guard depth < Self.maximumDepth else {
            throw unexpected(bytes, "nested deeper than \(Self.maximumDepth) levels")
        }
        skipWhiteSpace(bytes)
        guard position < bytes.count else { throw unexpected(bytes, "a value is missing") }
        return bytes[position]
    }

    mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        switch try beginning(bytes, depth: depth) {
        case UInt8(ascii: "{"): return try object(bytes, depth: depth)
        case UInt8(ascii: "["): return try array(bytes, depth: depth)
        case UInt8(ascii: "\""): return .string(try text(bytes))
        case UInt8(ascii: "t"): return try literal(bytes, "true", .bool(true))
        case UInt8(ascii: "f"): return try literal(bytes, "false", .bool(false))
        case UInt8(ascii: "n"): return try literal(bytes, "null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(bytes)
        default: throw unexpected(bytes, "a value cannot begin here")
        }
    }

    @discardableResult
    mutating func literal(_ bytes: Span<UInt8>, _ word: StaticString, _ value: JSONValue)
        throws(JSONSyntaxError) -> JSONValue
    {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { throw unexpected(bytes, "a value cannot begin here") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
            throw unexpected(bytes, "a value cannot begin here")
        }
        position += count
        return value
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        if isEmptyList(bytes, UInt8(ascii: "}")) { return .object([:]) }
        let first = members.count
        repeat {
            try memberBegins(bytes)
            let name = try name(bytes)
            try colon(bytes)
            let value =
                try name == JSONFieldSets.name
                ? fieldSet(bytes, depth: depth + 1) : value(bytes, depth: depth + 1)
            members.append(Member(name: name, value: value))
        } while try !endOfList(bytes, UInt8(ascii: "}"))
        return .object(takeMembers(from: first))
    }

    /// The members of the object that was closed. Of two under one name the later one stands.
    mutating func takeMembers(from first: Int) -> [String: JSONValue] {
        var object = [String: JSONValue](minimumCapacity: members.count - first)
        while members.count > first {
            let member = members.removeLast()
            if let later = object.updateValue(member.value, forKey: member.name) { object[member.name] = later }
        }
        return object
    }

    /// A set of fields, which is not read again when the same text has been read before.
    mutating func fieldSet(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard try beginning(bytes, depth: depth) == UInt8(ascii: "{") else { return try value(bytes, depth: depth) }
        let start = position
        if let known = memory.fieldSets.find(bytes.extracting(start...), depth: depth) {
            position += known.byteCount
            return known.value
        }
        let value = try object(bytes, depth: depth)
        memory.fieldSets.remember(bytes.extracting(start..<position), depth: depth, value)
        return value
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var items: [JSONValue] = []
        if isEmptyList(bytes, UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try value(bytes, depth: depth + 1))
            if try endOfList(bytes, UInt8(ascii: "]")) { return .array(items) }
        }
    }

    /// Passes the opening bracket, and the closing one where nothing is in between.
    mutating func isEmptyList(_ bytes: Span<UInt8>, _ close: UInt8) -> Bool {
        position += 1
        skipWhiteSpace(bytes)
        guard position < bytes.count, bytes[position] == close else { return false }
        position += 1
        return true
    }

    /// Goes to the quotation mark of a member's name.
    mutating func memberBegins(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        skipWhiteSpace(bytes)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw unexpected(bytes, "a member's name is missing")
        }
    }

    mutating func colon(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        skipWhiteSpace(bytes)
        guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
            throw unexpected(bytes, "a colon is missing")
        }
        position += 1
    }

    /// Passes a comma (false) or the closing bracket (true).
    mutating func endOfList(_ bytes: Span<UInt8>, _ close: UInt8) throws(JSONSyntaxError) -> Bool {
        skipWhiteSpace(bytes)
        guard position < bytes.count else { throw unexpected(bytes, "a bracket is not closed") }
        let byte = bytes[position]
        guard byte == close || byte == UInt8(ascii: ",") else {
            throw unexpected(bytes, "a comma or a bracket is missing")
        }
        position += 1
        return byte == close
    }
}
