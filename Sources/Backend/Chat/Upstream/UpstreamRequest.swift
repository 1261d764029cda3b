import HTTPTypes
import NIOCore
import NIOHTTP1

/// A request to an OpenAI-compatible server, whichever one takes it.
struct UpstreamRequest: Sendable {
    var method = HTTPRequest.Method.post
    /// What follows the base address, such as `/chat/completions`.
    var path: String
    /// Further headers. The key, the type and the length of the body are set for each server.
    var headers = HTTPHeaders()
    /// JSON, or nothing.
    var body: ByteBuffer?
}

/// What an OpenAI-compatible server answers; of any status.
struct UpstreamResponse: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPHeaders
    /// Dropping it, or its iterator, before the end closes the connection: the server then stops its work.
    var body: UpstreamBody

    /// Whether the body is a stream of events.
    var isEventStream: Bool {
        headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") ?? false
    }
}
