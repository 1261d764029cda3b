public import Logging

/// How log lines look.
public enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object a line, for log collectors.
    case json
    /// Plain lines, for people.
    case text

    /// A handler that writes this format.
    public func handler(
        label: String, level: Logger.Level = .info, output: LogOutput = .standardError,
        metadataProvider: Logger.MetadataProvider? = nil
    ) -> LineLogHandler {
        LineLogHandler(label: label, format: self, level: level, output: output, metadataProvider: metadataProvider)
    }

    func line(
        _ event: LogEvent, label: String, metadata: Logger.Metadata, at timestamp: LogTimestamp
    ) -> [UInt8] {
        switch self {
        case .json: JSONLogLine(event, label: label, metadata: metadata, at: timestamp).bytes
        case .text: TextLogLine(event, label: label, metadata: metadata, at: timestamp).bytes
        }
    }
}
