/// A string in a JSON text: where it is, without its quotes.
struct JSONString: Equatable {
    let range: Range<Int>
    let hasEscapes: Bool
}

extension JSONScanner {
    /// Checks a string: its escapes, that it is UTF-8 (no surrogates, nothing overlong), and that it has no NUL, which databases do
    /// not take, unless that is allowed.
    mutating func string() throws(Failure) -> JSONString {
        guard try kind() == .string else { throw Failure(reason: .wrongType, offset: position) }
        var index = position + 1
        let start = index
        var hasEscapes = false
        func failure(_ reason: Failure.Reason) -> Failure { Failure(reason: reason, offset: index) }
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                advance(to: index + 1)
                return JSONString(range: start..<index, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index += try escapeLength(at: index)
            case 0: throw failure(.nulCharacter)
            case 1..<0x20: throw failure(.syntax)
            case 0x20..<0x80: index += 1
            default:
                guard let length = sequenceLength(at: index) else { throw failure(.invalidUTF8) }
                index += length
            }
        }
        throw failure(.syntax)
    }

    private func escapeLength(at index: Int) throws(Failure) -> Int {
        guard index + 1 < bytes.count else { throw Failure(reason: .syntax, offset: index) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard let unit = hexUnit(at: index + 2) else { throw Failure(reason: .syntax, offset: index) }
            guard unit != 0 || allowsNUL else { throw Failure(reason: .nulCharacter, offset: index) }
            return 6
        default: throw Failure(reason: .syntax, offset: index)
        }
    }

    private func hexUnit(at index: Int) -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for offset in 0..<4 {
            let byte = bytes[index + offset]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// The length of the UTF-8 sequence of two or more bytes at `index`; nil when it is none (Unicode 16, table 3-7).
    private func sequenceLength(at index: Int) -> Int? {
        let first = bytes[index]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return nil }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// Whether a string is `text`. One with escapes is compared by what it means.
    func equals(_ string: JSONString, _ text: StaticString) -> Bool {
        guard !string.hasEscapes else { return self.text(string) == text.description }
        guard string.range.count == text.utf8CodeUnitCount else { return false }
        for (offset, index) in string.range.enumerated() where bytes[index] != text.utf8Start[offset] { return false }
        return true
    }

    /// What a string means. Halves of surrogate pairs that stand alone become U+FFFD.
    func text(_ string: JSONString) -> String {
        guard string.hasEscapes else { return String(decoding: bytes[string.range], as: UTF8.self) }
        var result: [UInt8] = []
        result.reserveCapacity(string.range.count)
        var index = string.range.lowerBound
        while index < string.range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            index += appendEscape(at: index, before: string.range.upperBound, to: &result)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func appendEscape(at index: Int, before end: Int, to result: inout [UInt8]) -> Int {
        switch bytes[index + 1] {
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            let high = hexUnit(at: index + 2) ?? 0xFFFD
            var length = 6
            var scalar = Unicode.Scalar(high)
            if UTF16.isLeadSurrogate(high), index + 12 <= end, bytes[index + 6] == UInt8(ascii: "\\"),
                bytes[index + 7] == UInt8(ascii: "u"), let low = hexUnit(at: index + 8), UTF16.isTrailSurrogate(low)
            {
                scalar = Unicode.Scalar(0x10000 + (UInt32(high) & 0x3FF) << 10 | UInt32(low) & 0x3FF)
                length = 12
            }
            result.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
            return length
        // Quote, backslash and slash stand for themselves.
        case let byte: result.append(byte)
        }
        return 2
    }
}
