public import Logging

/// Writes each log event as one JSON object on a line of its own.
///
/// Members are `timestamp`, `level`, `logger`, `message`, `error` when the event carries one, and the metadata beside them. A
/// metadata key that has one of those names is written with `metadata.` before it and never replaces the member.
public struct JSONLogHandler: LogHandler {
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
        output.write(JSONLogLine(event, label: label, metadata: metadata, at: .now()).bytes)
    }

    /// One value of the logger's own metadata.
    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
