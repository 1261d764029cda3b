public import Logging

/// Writes each log event as one line for people: time, level, logger, message, then metadata as `key=value`.
///
/// Line breaks and other control characters in what is logged are escaped, so that a value from outside cannot forge a line.
public struct TextLogHandler: LogHandler {
    /// The logger's label.
    public let label: String
    /// Metadata on every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Gives metadata from the task that logs.
    public var metadataProvider: Logger.MetadataProvider?
    /// The lowest level that is written.
    public var logLevel: Logger.Level
    private let output: LogOutput

    /// Makes a handler for the logger `label`.
    public init(
        label: String, level: Logger.Level = .info, output: LogOutput = .standardError,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        self.logLevel = level
        self.output = output
        self.metadataProvider = metadataProvider
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        let metadata = LogMetadata.merged(metadata, metadataProvider, event.metadata)
        output.write(Self.line(event, label: label, metadata: metadata, at: .now()))
    }

    /// One value of the logger's own metadata.
    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    static func line(
        _ event: LogEvent, label: String, metadata: Logger.Metadata, at timestamp: LogTimestamp
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        timestamp.append(to: &bytes)
        var text = " " + event.level.rawValue.uppercased()
        // The longest level, CRITICAL, sets the column.
        text += String(repeating: " ", count: max(1, 10 - text.utf8.count))
        text += "\(escaped(label)): \(escaped(event.message.description))"
        if let error = event.error { text += " error=\(quoted(String(describing: error)))" }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += " \(escaped(key))=\(quoted(value.description))"
        }
        text += "\n"
        bytes.append(contentsOf: text.utf8)
        return bytes
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
