/// An amount of a resource (`resource.Quantity`): a decimal number with a suffix such as `m`, `Gi` or `e3`.
struct Quantity: Sendable, Comparable {
    /// The amount, as near as a double comes.
    let value: Double

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        var end = 0
        if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") { end += 1 }
        let start = end
        var dots = 0
        while end < bytes.count, (48...57).contains(bytes[end]) || bytes[end] == UInt8(ascii: ".") {
            if bytes[end] == UInt8(ascii: ".") { dots += 1 }
            end += 1
        }
        guard end - start > dots, dots <= 1,
            let number = Double(Self.completed(String(decoding: bytes[..<end], as: UTF8.self)))
        else { return nil }
        guard let factor = Self.factor(String(decoding: bytes[end...], as: UTF8.self)) else { return nil }
        value = number * factor
    }

    static func < (left: Quantity, right: Quantity) -> Bool { left.value < right.value }

    /// Swift reads neither `5.` nor `.5`.
    private static func completed(_ text: String) -> String {
        var text = text
        if text.last == "." { text.append("0") }
        if let dot = text.firstIndex(of: "."), dot == text.startIndex || !text[text.index(before: dot)].isNumber {
            text.insert("0", at: dot)
        }
        return text
    }

    private static func factor(_ suffix: String) -> Double? {
        switch suffix {
        case "": return 1
        case "n": return 1e-9
        case "u": return 1e-6
        case "m": return 1e-3
        case "k": return 1e3
        case "M": return 1e6
        case "G": return 1e9
        case "T": return 1e12
        case "P": return 1e15
        case "E": return 1e18
        case "Ki": return 1_024
        case "Mi": return 1_048_576
        case "Gi": return 1_073_741_824
        case "Ti": return 1_099_511_627_776
        case "Pi": return 1_125_899_906_842_624
        case "Ei": return 1_152_921_504_606_846_976
        default:
            guard suffix.first == "e" || suffix.first == "E", let exponent = Int(suffix.dropFirst()),
                abs(exponent) < 400
            else { return nil }
            return Double("1e\(exponent)")
        }
    }
}
