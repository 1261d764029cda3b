extension JSONParser {
    /// Reads what is selected of the value that follows and passes over the rest.
    mutating func value(
        _ bytes: Span<UInt8>, depth: Int, _ selection: JSONSelection
    ) throws(JSONSyntaxError) -> JSONValue {
        let first = try beginning(bytes, depth: depth)
        switch selection {
        case .members(let wanted) where first == UInt8(ascii: "{"):
            return try object(bytes, depth: depth, wanted)
        case .items(let item) where first == UInt8(ascii: "["):
            return try array(bytes, depth: depth, item)
        case .text:
            return .string(try text(bytes, depth: depth))
        case .all, .members, .items:
            return try value(bytes, depth: depth)
        }
    }

    private mutating func object(
        _ bytes: Span<UInt8>, depth: Int, _ wanted: [String: JSONSelection]
    ) throws(JSONSyntaxError) -> JSONValue {
        if isEmptyList(bytes, UInt8(ascii: "}")) { return .object([:]) }
        let first = members.count
        repeat {
            try memberBegins(bytes)
            let name = try name(bytes)
            try colon(bytes)
            if let selection = wanted[name] {
                members.append(Member(name: name, value: try value(bytes, depth: depth + 1, selection)))
            } else {
                try skip(bytes, depth: depth + 1)
            }
        } while try !endOfList(bytes, UInt8(ascii: "}"))
        return .object(takeMembers(from: first))
    }

    private mutating func array(
        _ bytes: Span<UInt8>, depth: Int, _ item: JSONSelection
    ) throws(JSONSyntaxError) -> JSONValue {
        var items: [JSONValue] = []
        if isEmptyList(bytes, UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try value(bytes, depth: depth + 1, item))
            if try endOfList(bytes, UInt8(ascii: "]")) { return .array(items) }
        }
    }

    /// Passes over the value that follows, and gives its text without white space between its parts.
    private mutating func text(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> String {
        let start = position
        try skip(bytes, depth: depth)
        guard let firstSpace = whiteSpace(bytes, start..<position) else { return try utf8(bytes, start..<position) }
        var compact: [UInt8] = []
        compact.reserveCapacity(position - start)
        for index in start..<firstSpace { compact.append(bytes[index]) }
        var isInString = false
        var index = firstSpace
        while index < position {
            let byte = bytes[index]
            if isInString || !Self.isWhiteSpace(byte) { compact.append(byte) }
            if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if isInString, byte == UInt8(ascii: "\\") {
                index += 1
                compact.append(bytes[index])
            }
            index += 1
        }
        let count = compact.count
        return try utf8(compact.span, 0..<count)
    }

    /// Where the first white space between the parts of a value is that has been passed over.
    private func whiteSpace(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var isInString = false
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if byte == UInt8(ascii: "\\") {
                index += 1
            } else if !isInString, Self.isWhiteSpace(byte) {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    // MARK: Passing over

    private mutating func skip(_ bytes: Span<UInt8>, depth: Int) throws(JSONSyntaxError) {
        switch try beginning(bytes, depth: depth) {
        case UInt8(ascii: "{"):
            if isEmptyList(bytes, UInt8(ascii: "}")) { return }
            repeat {
                try memberBegins(bytes)
                try skipString(bytes)
                try colon(bytes)
                try skip(bytes, depth: depth + 1)
            } while try !endOfList(bytes, UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            if isEmptyList(bytes, UInt8(ascii: "]")) { return }
            repeat {
                try skip(bytes, depth: depth + 1)
            } while try !endOfList(bytes, UInt8(ascii: "]"))
        case UInt8(ascii: "\""): try skipString(bytes)
        case UInt8(ascii: "t"): try literal(bytes, "true", .null)
        case UInt8(ascii: "f"): try literal(bytes, "false", .null)
        case UInt8(ascii: "n"): try literal(bytes, "null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number(bytes)
        default: throw unexpected(bytes, "a value cannot begin here")
        }
    }

    private mutating func skipString(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        position += 1
        while true {
            _ = skipPlain(bytes)
            guard position < bytes.count else { throw unexpected(bytes, "a string is not closed") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): position += 2
            default: throw unexpected(bytes, "a control character in a string is not escaped")
            }
        }
    }
}
