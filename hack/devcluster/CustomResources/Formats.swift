import FoundationEssentials

/// The string formats that schemas may name and the API server checks; others say nothing.
enum Formats {
    static func isValid(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": Timestamp.seconds(text) != nil
        case "date": Timestamp.seconds("\(text)T00:00:00Z") != nil
        case "byte": Base64.problem(text) == nil
        case "uuid", "uuid3", "uuid4", "uuid5": UUID(uuidString: text) != nil
        case "ipv4": isIPv4(text)
        case "email": text.split(separator: "@", omittingEmptySubsequences: false).filter { !$0.isEmpty }.count == 2
        case "hostname": !text.isEmpty && Names.isSubdomain(text.lowercased())
        case "uri": URL(string: text)?.scheme != nil
        case "duration": isDuration(text)
        case "mac": text.split(separator: ":").count == 6 && text.allSatisfy { $0 == ":" || $0.isHexDigit }
        default: true
        }
    }

    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let number = UInt8(part) else { return false }
                return String(number) == part
            }
    }

    /// A duration of Go: `1h30m`, `250ms`.
    private static func isDuration(_ text: String) -> Bool {
        var rest = text[...]
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" { return true }
        guard !rest.isEmpty else { return false }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            guard Double(number) != nil else { return false }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            guard ["ns", "us", "µs", "ms", "s", "m", "h", "d", "w"].contains(String(unit)) else { return false }
            rest = rest.dropFirst(unit.count)
        }
        return true
    }
}
