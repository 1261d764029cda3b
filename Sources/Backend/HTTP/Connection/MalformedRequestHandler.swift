import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Answers what is not HTTP with the error shape that everything else gets, and ends the connection.
///
/// Only between requests: in the middle of one, the error goes on to whoever is reading its body.
final class MalformedRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let metrics: HTTPMetrics
    private let bodyLimit: Int
    private var unanswered = 0
    private var bodyBytes = 0
    private var isClosing = false

    /// - Parameters:
    ///   - metrics: Where the refusals are counted.
    ///   - bodyLimit: The bytes of one request's body beyond which the connection ends. What is left of a refused body is
    ///     read and dropped, so that the client sees the refusal; a client that goes on and on is not worth reading.
    init(metrics: HTTPMetrics, bodyLimit: Int) {
        self.metrics = metrics
        self.bodyLimit = bodyLimit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(AbsoluteTargetHandler(), position: .before(codec))
        } catch {
            // A pipeline without HTTP/1 or one that is being torn down.
            context.fireErrorCaught(error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            bodyBytes = 0
        case .body(let chunk):
            bodyBytes += chunk.readableBytes
            if bodyBytes > bodyLimit {
                isClosing = true
                context.close(promise: nil)
                return
            }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unanswered -= 1 }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return }
        guard unanswered == 0, let answer = Self.answer(to: error) else {
            context.fireErrorCaught(error)
            return
        }
        isClosing = true
        metrics.record(method: nil, route: HTTPMetrics.unmatchedRoute, status: answer.status, duration: nil)
        let body = answer.body
        let head = HTTPResponse(
            status: answer.status,
            headerFields: [
                .contentType: JSONBody.contentType, .contentLength: String(body.readableBytes), .connection: "close",
                .requestID: RequestIdentifier().description,
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    private static func answer(to error: any Error) -> APIError? {
        switch error {
        case HTTPParserError.headerOverflow: .headersTooLarge
        case is HTTPParserError: .malformedRequest
        // The connection's own errors: nobody is there to read an answer.
        case is IOError, is ChannelError: nil
        // What is left is a head that parses and that HTTP's types cannot hold.
        default: .malformedRequest
        }
    }
}
