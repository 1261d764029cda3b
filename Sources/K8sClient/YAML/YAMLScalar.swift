/// How a plain (unquoted) scalar reads, by the rules of the parser that kubectl uses (YAML 1.1 in go-yaml v2's reading).
enum YAMLScalar {
    /// Which words are true or false.
    enum Booleans: Sendable, Hashable {
        /// YAML 1.1's: `yes`, `on`, `y` and others beside `true`.
        case words
        /// `true` and `false` alone, for where a word must not be taken for more than it says.
        case literal
    }

    static func resolve(_ text: String, _ booleans: Booleans = .words) -> JSONValue {
        if booleans == .literal {
            switch text {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default:
                let value = resolve(text)
                return value.bool == nil ? value : .string(text)
            }
        }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> JSONValue? {
        guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else { return nil }
        let plain = text.replacing("_", with: "")
        if let integer = integer(plain) { return .integer(integer) }
        return float(plain).map { .double($0) }
    }

    private static func integer(_ text: String) -> Int64? {
        var digits = Substring(text)
        let isNegative = digits.first == "-"
        if digits.first == "-" || digits.first == "+" { digits = digits.dropFirst() }
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        let radix: Int
        switch digits.prefix(2) {
        case "0x", "0X": (radix, digits) = (16, digits.dropFirst(2))
        case "0o", "0O": (radix, digits) = (8, digits.dropFirst(2))
        case "0b", "0B": (radix, digits) = (2, digits.dropFirst(2))
        default: radix = digits.first == "0" && digits.count > 1 ? 8 : 10
        }
        guard digits.first != "+", digits.first != "-" else { return nil }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    /// Digits with a fraction, an exponent or both; infinities and NaN stay strings, since JSON has none.
    private static func float(_ text: String) -> Double? {
        let allowed = "0123456789+-.eE".utf8
        guard text.utf8.allSatisfy({ allowed.contains($0) }), text.utf8.contains(where: { (0x30...0x39).contains($0) })
        else { return nil }
        // "1." and ".5" are YAML but not Swift.
        var padded = text
        if padded.hasPrefix(".") { padded = "0" + padded }
        if padded.hasSuffix(".") { padded += "0" }
        guard let value = Double(padded), value.isFinite else { return nil }
        return value
    }
}
