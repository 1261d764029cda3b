import Logging

/// One log event as a JSON object on a line of its own.
///
/// Members are `timestamp`, `level`, `logger`, `message`, `error` when the event carries one, and the metadata beside them. A
/// metadata key that has one of those names is written with `metadata.` before it and never replaces the member.
struct JSONLogLine {
    private(set) var bytes: [UInt8] = []

    init(_ event: LogEvent, label: String, metadata: Logger.Metadata, at timestamp: LogTimestamp) {
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "{\"timestamp\":\"".utf8)
        timestamp.append(to: &bytes)
        bytes.append(contentsOf: "\",\"level\":\"".utf8)
        bytes.append(contentsOf: event.level.rawValue.utf8)
        bytes.append(contentsOf: "\",\"logger\":".utf8)
        append(label)
        bytes.append(contentsOf: ",\"message\":".utf8)
        append(event.message.description)
        var reserved: Set<String> = ["timestamp", "level", "logger", "message"]
        if let error = event.error {
            reserved.insert("error")
            bytes.append(contentsOf: ",\"error\":".utf8)
            append(String(describing: error))
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: ","))
            append(Self.name(for: key, reserved: reserved, metadata: metadata))
            bytes.append(UInt8(ascii: ":"))
            append(value)
        }
        bytes.append(contentsOf: "}\n".utf8)
    }

    /// A metadata key that is a member of every line gets a prefix, and another until nothing else has that name.
    private static func name(for key: String, reserved: Set<String>, metadata: Logger.Metadata) -> String {
        guard reserved.contains(key) else { return key }
        var name = "metadata." + key
        while metadata[name] != nil { name = "metadata." + name }
        return name
    }

    private mutating func append(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): append(text)
        case .stringConvertible(let value): append(convertible: value)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(item)
            }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, (key, value)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(key)
                bytes.append(UInt8(ascii: ":"))
                append(value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Numbers and booleans stay what they are, so that a log store can compare them.
    private mutating func append(convertible value: any CustomStringConvertible) {
        switch value {
        case let value as Bool: bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case let value as any BinaryInteger: bytes.append(contentsOf: value.description.utf8)
        case let value as Double where value.isFinite: bytes.append(contentsOf: value.description.utf8)
        default: append(value.description)
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                for digit in [byte >> 4, byte & 15] {
                    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
