import NIOCore
import NIOWebSocket

/// An open WebSocket, as whoever serves it sees it.
struct WebSocketConnection: Sendable {
    private let eventLoop: any EventLoop
    private let handler: NIOLoopBound<WebSocketConnectionHandler>
    /// The client's messages. It ends with the connection.
    let messages: AsyncStream<WebSocketMessage>

    /// Call it on the connection's event loop.
    init(handler: WebSocketConnectionHandler, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        messages = handler.messages
    }

    /// Sends a text. Returns when the socket has taken it, so that who sends goes at the client's pace.
    /// - Throws: When the connection is closed.
    func send(_ text: ByteBuffer) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { handler.value.send(text, promise: promise) }
        try await promise.futureResult.get()
    }

    /// Says that a message was dealt with, so that the next ones may come.
    func didHandleMessage() {
        eventLoop.execute { handler.value.didHandleMessage() }
    }

    /// Begins the end: the client is told why.
    func close(_ code: WebSocketErrorCode, _ reason: String) {
        eventLoop.execute { handler.value.close(code, reason) }
    }
}

/// What comes in.
enum WebSocketMessage: Sendable {
    case text(ByteBuffer)
    /// The service is about to end.
    case ending
}
