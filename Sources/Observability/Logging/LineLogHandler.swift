public import Logging

/// Writes each log event as one line of a format.
public struct LineLogHandler: LogHandler {
    /// The logger's label.
    public let label: String
    /// Metadata on every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Gives metadata from the task that logs.
    public var metadataProvider: Logger.MetadataProvider?
    /// The lowest level that is written.
    public var logLevel: Logger.Level
    private let format: LogFormat
    private let output: LogOutput

    /// Makes a handler for the logger `label`.
    public init(
        label: String, format: LogFormat, level: Logger.Level = .info, output: LogOutput = .standardError,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.output = output
        self.metadataProvider = metadataProvider
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        let metadata = LogMetadata.merged(metadata, metadataProvider, event.metadata)
        output.write(format.line(event, label: label, metadata: metadata, at: .now()))
    }

    /// One value of the logger's own metadata.
    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
