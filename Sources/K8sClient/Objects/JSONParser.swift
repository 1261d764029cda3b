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
    /// - Parameter selection: what of the document is read; all of it by default.
    /// - Throws: `JSONSyntaxError` with the offset of the first byte that does not fit.
    public init(parsing bytes: Span<UInt8>, selecting selection: JSONSelection = .all) throws(JSONSyntaxError) {
        var parser = JSONParser()
        // What is selected is selected to be kept.
        parser.memory.sharesTexts = selection != .all
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
    private mutating func fieldSet(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONValue {
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

    mutating func string(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        let isASCII = skipPlain(bytes)
        guard position < bytes.count else { throw unexpected(bytes, "a string is not closed") }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            let text = isASCII ? ascii(bytes, start..<position) : try utf8(bytes, start..<position)
            position += 1
            return text
        case UInt8(ascii: "\\"): return try stringWithEscapes(bytes, from: start)
        default: throw unexpected(bytes, "a control character in a string is not escaped")
        }
    }

    /// The name of a member.
    mutating func name(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> String {
        guard let range = passRememberable(bytes) else { return try string(bytes) }
        return memory.names.name(bytes.extracting(range))
    }

    /// The string that is a value.
    private mutating func text(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> String {
        guard memory.sharesTexts, let range = passRememberable(bytes) else { return try string(bytes) }
        return memory.texts.name(bytes.extracting(range))
    }

    /// Passes the string that follows if it is one that is worth finding again, and tells where its text is.
    private mutating func passRememberable(_ bytes: Span<UInt8>) -> Range<Int>? {
        let quote = position
        position += 1
        let start = position
        let isASCII = skipPlain(bytes)
        // Shorter ones take no memory of their own.
        if isASCII, position < bytes.count, bytes[position] == UInt8(ascii: "\""),
            position - start > 15, position - start <= JSONNames.maximumBytes
        {
            position += 1
            return start..<(position - 1)
        }
        position = quote
        return nil
    }

    /// Passes what of a string stands for itself, up to a quotation mark, an escape, a control character or the end, eight bytes
    /// at a time. True when all of it is ASCII.
    mutating func skipPlain(_ bytes: Span<UInt8>) -> Bool {
        let raw = bytes.bytes
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        var seen: UInt64 = 0
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let escapes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The lowest of these bits that is set is exact: a borrow only reaches bytes behind one that has ended the search.
            let stops =
                (((quotes &- ones) & ~quotes) | ((escapes &- ones) & ~escapes) | ((word &- ones &* 0x20) & ~word))
                & highs
            if stops != 0 {
                let count = stops.trailingZeroBitCount / 8
                position += count
                return (seen | word & ((1 << UInt64(count * 8)) - 1)) & highs == 0
            }
            seen |= word
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            seen |= UInt64(byte)
            position += 1
        }
        return seen & highs == 0
    }

    /// What has been seen to be ASCII.
    private func ascii(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(copying: UTF8Span(unchecked: bytes.extracting(range), isKnownASCII: true))
    }

    func utf8(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(JSONSyntaxError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw JSONSyntaxError(offset: range.lowerBound, reason: "a string is not valid UTF-8")
        }
    }

    private mutating func stringWithEscapes(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * (position - start) + 32)
        var plain = start
        while position < bytes.count {
            for index in plain..<position { text.append(bytes[index]) }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                do {
                    return String(copying: try UTF8Span(validating: text.span))
                } catch {
                    throw JSONSyntaxError(offset: start, reason: "a string is not valid UTF-8")
                }
            case UInt8(ascii: "\\"):
                position += 1
                text.append(contentsOf: UTF8.encode(try escape(bytes)) ?? UTF8.encodedReplacementCharacter)
                plain = position
                _ = skipPlain(bytes)
            default: throw unexpected(bytes, "a control character in a string is not escaped")
            }
        }
        throw unexpected(bytes, "a string is not closed")
    }

    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> Unicode.Scalar {
        guard position < bytes.count else { throw unexpected(bytes, "a string is not closed") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimal(bytes)
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // Half of a surrogate pair: its other half follows, or the text is broken and reads as U+FFFD.
            guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { return "\u{FFFD}" }
            let mark = position
            position += 2
            let low = try hexadecimal(bytes)
            guard (0xDC00..<0xE000).contains(low) else {
                position = mark
                return "\u{FFFD}"
            }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
        default:
            position -= 1
            throw unexpected(bytes, "an unknown escape in a string")
        }
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw unexpected(bytes, "four hexadecimal digits must follow \\u")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    mutating func number(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let leading = position
        var magnitude: Int64 = 0
        var fits = true
        try digits(bytes) { digit in
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit))
            if overflow || carry { fits = false } else { magnitude = sum }
        }
        if bytes[leading] == UInt8(ascii: "0"), position > leading + 1 {
            position = leading
            throw unexpected(bytes, "a number cannot begin with 0")
        }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits(bytes) { _ in }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits(bytes) { _ in }
        }
        if isInteger, fits { return .integer(leading > start ? -magnitude : magnitude) }
        let text = try utf8(bytes, start..<position)
        if isInteger, let exact = Int64(text) { return .integer(exact) }  // the least Int64, whose magnitude overflows
        guard let value = Double(text), value.isFinite else {
            position = start
            throw unexpected(bytes, "a number is out of range")
        }
        return .double(value)
    }

    private mutating func digits(_ bytes: Span<UInt8>, _ each: (UInt8) -> Void) throws(JSONSyntaxError) {
        let start = position
        while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
            each(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        guard position > start else { throw unexpected(bytes, "a digit is missing in a number") }
    }
}
