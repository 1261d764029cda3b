/// What is looked at before a JSON parser sees a body.
enum JSONScreening {
    /// Refuses bytes that are no UTF-8, NUL characters, which PostgreSQL's text cannot hold, however they are written, and nesting
    /// beyond `maximumDepth`. Whether the rest is JSON is left to the parser.
    static func screen(_ bytes: some Collection<UInt8>, maximumDepth: Int) throws(APIError) {
        guard !bytes.isEmpty else { throw .malformedJSON("The body is empty; it must be JSON.") }
        var depth = 0
        var isInString = false
        var escape: Escape?
        for byte in bytes {
            guard byte != 0 else { throw .malformedJSON("The body must not contain NUL characters.") }
            if let current = escape {
                escape = current.next(byte)
                if case .complete(0) = escape { throw .malformedJSON("The body must not contain NUL characters.") }
                if case .complete = escape { escape = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\\") where isInString: escape = .opened
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if !isInString { depth += 1 }
                guard depth <= maximumDepth else {
                    throw .malformedJSON("The body is nested more than \(maximumDepth) levels deep.")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if !isInString { depth -= 1 }
            default: break
            }
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformedJSON("The body must be valid UTF-8.")
        }
    }

    /// A backslash in a string and what follows it.
    private enum Escape {
        case opened
        case hexadecimal(digits: Int, value: UInt16)
        /// With the character's UTF-16 code unit; for one without digits, any but 0.
        case complete(UInt16)

        func next(_ byte: UInt8) -> Escape {
            switch self {
            case .opened: byte == UInt8(ascii: "u") ? .hexadecimal(digits: 0, value: 0) : .complete(1)
            case .hexadecimal(let digits, let value): Self.next(byte, digits, value)
            case .complete: self
            }
        }

        private static func next(_ byte: UInt8, _ digits: Int, _ value: UInt16) -> Escape {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return .complete(1) }
            let value = value << 4 | UInt16(digit)
            return digits == 3 ? .complete(value) : .hexadecimal(digits: digits + 1, value: value)
        }
    }
}
