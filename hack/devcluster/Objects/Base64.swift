/// Base64 (RFC 4648, padded), as `Secret` data is written.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift in [18, 12, 6, 0] { result.append(alphabet[Int(group >> UInt32(shift) & 63)]) }
                group = 0
                count = 0
            }
        }
        if count > 0 {
            group <<= UInt32(8 * (3 - count))
            for shift in [18, 12, 6, 0].prefix(count + 1) { result.append(alphabet[Int(group >> UInt32(shift) & 63)]) }
            result.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - count))
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The form without padding whose last two digits are safe in addresses, as tokens use.
    static func encodeURL(_ bytes: some Sequence<UInt8>) -> String {
        String(
            encode(bytes).compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
        var standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while standard.utf8.count % 4 != 0 { standard.append("=") }
        return decode(standard)
    }

    static func decode(_ text: String) -> [UInt8]? { scan(text).bytes }

    /// What is wrong with a text, as Go's decoder says it; nil for good base64.
    static func problem(_ text: String) -> String? {
        scan(text).offset.map { "illegal base64 data at input byte \($0)" }
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61 + 26)
        case 0x30...0x39: UInt32(byte - 0x30 + 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func scan(_ text: String) -> (bytes: [UInt8]?, offset: Int?) {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        var padding = 0
        var offset = 0
        for byte in text.utf8 {
            defer { offset += 1 }
            if byte == 0x0A || byte == 0x0D { continue }
            if byte == UInt8(ascii: "="), count >= 2, count + padding < 4 {
                padding += 1
                continue
            }
            guard padding == 0, let value = digit(byte) else { return (nil, offset) }
            group = group << 6 | value
            count += 1
            if count == 4 {
                bytes.append(UInt8(group >> 16 & 255))
                bytes.append(UInt8(group >> 8 & 255))
                bytes.append(UInt8(group & 255))
                group = 0
                count = 0
            }
        }
        guard count == 0 ? padding == 0 : count + padding == 4 else { return (nil, offset) }
        if count == 2 { bytes.append(UInt8(group >> 4 & 255)) }
        if count == 3 {
            bytes.append(UInt8(group >> 10 & 255))
            bytes.append(UInt8(group >> 2 & 255))
        }
        return (bytes, nil)
    }
}
