import Logging

/// One log event as a line for people: time, level, logger, message, then metadata as `key=value`.
///
/// Line breaks and other control characters in what is logged are escaped, so that a value from outside cannot forge a line.
struct TextLogLine {
    private(set) var bytes: [UInt8] = []

    init(_ event: LogEvent, label: String, metadata: Logger.Metadata, at timestamp: LogTimestamp) {
        timestamp.append(to: &bytes)
        var text = " " + event.level.rawValue.uppercased()
        // The longest level, CRITICAL, sets the column.
        text += String(repeating: " ", count: max(1, 10 - text.utf8.count))
        text += "\(Self.escaped(label)): \(Self.escaped(event.message.description))"
        if let error = event.error { text += " error=\(Self.quoted(String(describing: error)))" }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += " \(Self.escaped(key))=\(Self.quoted(value.description))"
        }
        text += "\n"
        bytes.append(contentsOf: text.utf8)
    }

    /// `text` as it is when it is one word, in quotes otherwise.
    private static func quoted(_ text: String) -> String {
        let isWord =
            !text.isEmpty && !text.utf8.contains { $0 == 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
        let safe = escaped(text)
        return isWord
            ? safe
            : "\"" + safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
