extension JSONParser {
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
        guard memory.names.isUsed, let range = passRememberable(bytes) else { return try string(bytes) }
        return memory.names.name(bytes.extracting(range))
    }

    /// The string that is a value.
    mutating func text(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> String {
        guard memory.sharesTexts, let range = passRememberable(bytes) else { return try string(bytes) }
        return memory.texts.name(bytes.extracting(range))
    }

    /// Passes the string that follows if it is one that is worth finding again, and tells where its text is.
    private mutating func passRememberable(_ bytes: Span<UInt8>) -> Range<Int>? {
        let quote = position
        position += 1
        let start = position
        let isASCII = skipPlain(bytes)
        if isASCII, position < bytes.count, bytes[position] == UInt8(ascii: "\""),
            JSONNames.lengths.contains(position - start)
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
}
