extension JSONParser {
    /// Reads a whole document as parts.
    mutating func tape(_ bytes: Span<UInt8>, _ parts: inout JSONTape.Parts) throws(JSONSyntaxError) {
        try tape(bytes, depth: 0, &parts)
        skipWhiteSpace(bytes)
        guard position == bytes.count else { throw unexpected(bytes, "something follows the document") }
    }

    private mutating func tape(
        _ bytes: Span<UInt8>, depth: Int, _ parts: inout JSONTape.Parts
    ) throws(JSONSyntaxError) {
        switch try beginning(bytes, depth: depth) {
        case UInt8(ascii: "{"):
            let index = parts.begin(.object)
            if !isEmptyList(bytes, UInt8(ascii: "}")) {
                repeat {
                    try tapeMember(bytes, depth: depth + 1, &parts)
                } while try !endOfList(bytes, UInt8(ascii: "}"))
            }
            parts.end(index)
        case UInt8(ascii: "["):
            let index = parts.begin(.array)
            if !isEmptyList(bytes, UInt8(ascii: "]")) {
                repeat {
                    try tape(bytes, depth: depth + 1, &parts)
                } while try !endOfList(bytes, UInt8(ascii: "]"))
            }
            parts.end(index)
        case UInt8(ascii: "\""): try tapeString(bytes, isName: false, &parts)
        default: parts.add(try value(bytes, depth: depth))
        }
    }

    private mutating func tapeMember(
        _ bytes: Span<UInt8>, depth: Int, _ parts: inout JSONTape.Parts
    ) throws(JSONSyntaxError) {
        try memberBegins(bytes)
        let start = position + 1
        try tapeString(bytes, isName: true, &parts)
        let isFieldSet = Self.isFieldSetName(bytes, start..<position - 1)
        try colon(bytes)
        guard isFieldSet else { return try tape(bytes, depth: depth, &parts) }
        parts.add(try fieldSet(bytes, depth: depth))
    }

    private static func isFieldSetName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let name = JSONFieldSets.name.utf8
        guard range.count == name.count else { return false }
        return zip(range, name).allSatisfy { bytes[$0] == $1 }
    }

    private mutating func tapeString(
        _ bytes: Span<UInt8>, isName: Bool, _ parts: inout JSONTape.Parts
    ) throws(JSONSyntaxError) {
        let quote = position
        position += 1
        let start = position
        let isASCII = skipPlain(bytes)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            position = quote
            return parts.add(try string(bytes))
        }
        let range = start..<position
        position += 1
        if isName, isASCII, memory.names.isUsed, JSONNames.lengths.contains(range.count) {
            return parts.add(memory.names.name(bytes.extracting(range)))
        }
        if !isASCII { try checkUTF8(bytes, range) }
        parts.add(range)
    }

    private func checkUTF8(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(JSONSyntaxError) {
        do {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw JSONSyntaxError(offset: range.lowerBound, reason: "a string is not valid UTF-8")
        }
    }
}
