/// Percent-encoding (RFC 3986) of what goes into a URL.
enum PercentEncoding {
    /// One segment of a path. A colon stays, since RBAC's names hold it; `.` and `..`, which servers and proxies
    /// resolve, are encoded.
    static func segment(_ text: String) -> String {
        switch text {
        case ".": "%2E"
        case "..": "%2E%2E"
        default: encode(text, keepsColon: true)
        }
    }

    /// A name or value of a query.
    static func query(_ text: String) -> String { encode(text, keepsColon: false) }

    /// A part of a header's name (RFC 9110 calls what may stand in one a token); `%` is encoded as well.
    static func headerName(_ text: String) -> String {
        var name = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            let isToken =
                byte < 0x80 && (character.isLetter || character.isNumber || "!#$&'*+-.^_`|~".contains(character))
            if isToken {
                name.append(character)
            } else {
                name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return name
    }

    private static func encode(_ text: String, keepsColon: Bool) -> String {
        if text.utf8.allSatisfy({ isUnreserved($0, keepsColon) }) { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 2)
        for byte in text.utf8 {
            if isUnreserved(byte, keepsColon) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] {
                    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8, _ keepsColon: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        case UInt8(ascii: ":"): keepsColon
        default: false
        }
    }
}
