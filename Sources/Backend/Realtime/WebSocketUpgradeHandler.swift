import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// Turns a connection into a WebSocket when a client asks for one and may have it. What it may not have goes on to the routes, which
/// say why.
///
/// Any request of a connection may ask, not only the first: proxies use connections for one client after another.
final class WebSocketUpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// HTTP.
        case passing
        /// It is being found out whether the client may have a WebSocket; what comes meanwhile waits.
        case deciding([HTTPRequestPart])
        case upgraded
    }

    /// A request for a WebSocket has no body; what comes before its answer is the end of its head.
    private static let heldParts = 4

    private let admission: WebSocketAdmission
    private let metrics: HTTPMetrics
    private let limits: WebSocketConnectionHandler.Limits
    /// Runs what goes over an open WebSocket.
    private let serve: @Sendable (WebSocketConnection, WebSocketAdmission.Ticket) async -> Void
    private var state = State.passing
    private var unanswered = 0

    init(
        admission: WebSocketAdmission, metrics: HTTPMetrics, limits: WebSocketConnectionHandler.Limits,
        serve: @escaping @Sendable (WebSocketConnection, WebSocketAdmission.Ticket) async -> Void
    ) {
        self.admission = admission
        self.metrics = metrics
        self.limits = limits
        self.serve = serve
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .upgraded: return
        case .deciding(var held):
            held.append(part)
            state = .deciding(held)
            // Nobody who waits for an upgrade sends more.
            if held.count > Self.heldParts { context.close(promise: nil) }
        case .passing:
            if case .head(let head) = part {
                if unanswered == 0, head.path.map({ $0.prefix { $0 != "?" } }) == WebSocketAdmission.path[...],
                    WebSocketAdmission.isUpgrade(head)
                {
                    state = .deciding([part])
                    decide(head, context)
                    return
                }
                unanswered += 1
            }
            context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unanswered -= 1 }
        context.write(data, promise: promise)
    }

    private func decide(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let admission = admission
        // It ends by itself: it asks the database at most.
        Task {
            let ticket = try? await admission.admit(head)  // Why not, the routes find out again, and say.
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.decided(ticket, context)
            }
        }
    }

    private func decided(_ ticket: WebSocketAdmission.Ticket?, _ context: ChannelHandlerContext) {
        guard case .deciding(let held) = state, context.channel.isActive else { return }
        guard let ticket else {
            state = .passing
            unanswered += 1
            for part in held { context.fireChannelRead(wrapInboundOut(part)) }
            context.fireChannelReadComplete()
            return
        }
        state = .upgraded
        metrics.record(method: .get, route: WebSocketAdmission.path, status: .switchingProtocols, duration: nil)
        upgrade(ticket, context)
    }

    /// Takes HTTP's handlers out and puts WebSocket's in. The handler at the pipeline's end, which waits for requests, stays and
    /// sees the connection's end.
    private func upgrade(_ ticket: WebSocketAdmission.Ticket, _ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        let removals = [
            Self.remove(RequestPaceHandler.self, pipeline), Self.remove(AbsoluteTargetHandler.self, pipeline),
            Self.remove(HTTPConnectionStateHandler.self, pipeline), Self.remove(MalformedRequestHandler.self, pipeline),
            Self.remove(HTTP1ToHTTPServerCodec.self, pipeline), Self.remove(HTTPResponseEncoder.self, pipeline),
            Self.remove(ByteToMessageHandler<HTTPRequestDecoder>.self, pipeline),
        ]
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let serve = serve
        EventLoopFuture.andAllSucceed(removals, on: context.eventLoop).assumeIsolated().whenComplete { result in
            let (handler, context) = bound.value
            do {
                try result.get()
                let connection = try handler.install(ticket, context)
                // Ends with the connection.
                Task { await serve(connection, ticket) }
            } catch {
                context.close(promise: nil)
            }
        }
    }

    private func install(
        _ ticket: WebSocketAdmission.Ticket, _ context: ChannelHandlerContext
    ) throws -> WebSocketConnection {
        var head = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(ticket.accept)\r
            X-Request-Id: \(ticket.requestID)\r\n
            """
        if let subprotocol = ticket.subprotocol { head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
        // Nothing stands between this handler and the socket now, and bytes are what the socket takes.
        context.writeAndFlush(NIOAny(ByteBuffer(string: head + "\r\n")), promise: nil)
        let handler = WebSocketConnectionHandler(limits: limits)
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandlers(
            [
                WebSocketFrameEncoder(),
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketConnectionHandler.maximumFrame)),
                handler,
            ], position: .before(self))
        handler.start()
        pipeline.removeHandler(self, promise: nil)
        return WebSocketConnection(handler: handler, eventLoop: context.eventLoop)
    }

    private static func remove<Handler: RemovableChannelHandler>(
        _ type: Handler.Type, _ pipeline: ChannelPipeline.SynchronousOperations
    ) -> EventLoopFuture<Void> {
        do {
            return pipeline.removeHandler(context: try pipeline.context(handlerType: type))
        } catch {
            return pipeline.eventLoop.makeFailedFuture(error)
        }
    }
}
