import Logging

/// Where a line's metadata comes from.
enum LogMetadata {
    /// The three sources as one; what is closer to the event wins.
    static func merged(
        _ own: Logger.Metadata, _ provider: Logger.MetadataProvider?, _ event: Logger.Metadata?
    ) -> Logger.Metadata {
        var merged = own
        if let provided = provider?.get(), !provided.isEmpty {
            merged.merge(provided) { _, closer in closer }
        }
        if let event, !event.isEmpty {
            if merged.isEmpty { return event }
            merged.merge(event) { _, closer in closer }
        }
        return merged
    }
}
