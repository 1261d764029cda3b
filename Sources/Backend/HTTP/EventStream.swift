import HTTPTypes
import Hummingbird
import NIOCore

/// A stream of server-sent events as an answer.
enum EventStream {
    static let contentType = "text/event-stream; charset=utf-8"
    /// A line that clients skip.
    static let heartbeat = ByteBuffer(string: ": \n\n")

    /// - Parameter write: Writes the events; the stream ends when it returns.
    static func response(
        _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: contentType, .cacheControl: "no-store",
                // nginx would keep events until a buffer is full.
                .accelBuffering: "no",
            ],
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    /// Whether the client asks for events.
    static func isAccepted(_ request: Request) -> Bool {
        request.headers[values: .accept].contains { value in
            value.split(separator: ",").contains { item in
                item.prefix { $0 != ";" }.trimmed.lowercased() == "text/event-stream"
            }
        }
    }
}

extension HTTPField.Name {
    /// `X-Accel-Buffering`.
    fileprivate static let accelBuffering = HTTPField.Name.known("X-Accel-Buffering")
    /// `Idempotency-Key`.
    static let idempotencyKey = HTTPField.Name.known("Idempotency-Key")
    /// `Idempotency-Replayed`.
    static let idempotencyReplayed = HTTPField.Name.known("Idempotency-Replayed")
    /// `Last-Event-ID`.
    static let lastEventID = HTTPField.Name.known("Last-Event-ID")

    private static func known(_ text: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name(text.description) else { preconditionFailure("a header's name is a token") }
        return name
    }
}
