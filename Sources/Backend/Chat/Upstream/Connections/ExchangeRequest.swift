import NIOCore
import NIOHTTP1

/// A request as it goes over a connection: to which server, and until when its answer must have begun and ended.
struct ExchangeRequest: Sendable {
    /// The server's place in the list of all: connections are kept for each by itself.
    let server: Int
    let address: UpstreamURL
    let head: HTTPRequestHead
    let body: ByteBuffer?
    /// When the head of the answer must be there.
    let headDeadline: NIODeadline
    /// When the whole answer must be there.
    let deadline: NIODeadline
}

/// Why an exchange came to no end.
enum ExchangeFailure: Error {
    /// No connection within its time, or none is free.
    case connectTimeout, noConnection
    /// The head did not come in time.
    case headTimeout
    /// Nothing came for too long, or the whole takes too long.
    case idleTimeout, totalTimeout
    /// The server closed the connection, or said what nobody had asked.
    case connectionClosed, unexpectedPart
    /// The service is ending.
    case shutDown
    /// A body is read by two at once.
    case alreadyBeingRead
}
