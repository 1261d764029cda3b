import NIOCore

/// What goes by in a stream that is passed on: whether text has come, how much, and the usage at its end.
struct StreamObserver: Sendable {
    let endpoint: ProxyEndpoint
    /// Whether the frame with the usage was asked for by us alone: the client does not get it.
    let hidesUsage: Bool
    private(set) var usage: TokenUsage?
    private(set) var contentBytes = 0
    private(set) var hasContent = false
    /// Whether the stream came to its proper end.
    private(set) var isComplete = false
    private(set) var hasFailed = false

    init(request: ProxyRequest) {
        endpoint = request.endpoint
        hidesUsage = request.endpoint == .chatCompletions && !request.includesUsage
    }

    /// Looks at a frame; false when it is not for the client.
    mutating func observe(_ frame: EventFrame) -> Bool {
        endpoint == .chatCompletions ? observeChunk(frame) : observeEvent(frame)
    }

    private mutating func observeChunk(_ frame: EventFrame) -> Bool {
        guard let data = frame.data else { return true }
        if frame.isDone {
            isComplete = true
            return true
        }
        guard let chunk = ChatCompletionChunk(data: data, readsContent: false) else { return true }
        if chunk.hasDelta { hasContent = true }
        contentBytes += chunk.contentBytes
        if chunk.errorMessage != nil { hasFailed = true }
        guard let usage = chunk.usage else { return true }
        self.usage = usage
        return !(hidesUsage && chunk.hasNoChoices)
    }

    private mutating func observeEvent(_ frame: EventFrame) -> Bool {
        guard let event = frame.event, let data = frame.data else { return true }
        switch event {
        case "response.completed", "response.incomplete", "response.failed":
            usage = UsageScan.usage(in: data)
            isComplete = true
            hasFailed = event == "response.failed"
        case "error": hasFailed = true
        default:
            guard event.hasSuffix(".delta") else { return true }
            hasContent = true
            // The frame is the delta and some 150 bytes around it.
            contentBytes += max(1, data.readableBytes - 150)
        }
        return true
    }
}
