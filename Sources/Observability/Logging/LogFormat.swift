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
    ) -> any LogHandler {
        switch self {
        case .json: JSONLogHandler(label: label, level: level, output: output, metadataProvider: metadataProvider)
        case .text: TextLogHandler(label: label, level: level, output: output, metadataProvider: metadataProvider)
        }
    }
}
