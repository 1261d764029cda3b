import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP GET, of which only the status matters.
enum HTTPProbe {
    /// What to ask.
    struct Target: Sendable, Equatable {
        let host: String
        let port: Int
        let uri: String
        /// The `Host` header's value.
        let authority: String

        /// - Returns: Nil when `url` is not an `http` address. TLS ends in front of this service, never in it.
        init?(_ url: String) {
            guard let server = ServerURL(url, schemes: ["http"]), server.hasUsablePort else { return nil }
            host = server.host
            port = server.port ?? 80
            let parts = server.components
            let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
            uri = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
            authority = NetworkName.inURL(host) + (server.port.map { ":\($0)" } ?? "")
        }
    }

    /// Why there was no answer.
    enum Failure: Error {
        case timeout(TimeAmount)
        case closed
    }

    /// The status that `target` answers with.
    /// - Throws: ``Failure``, or NIO's error when there is no connection.
    static func status(of target: Target, timeout: TimeAmount) async throws -> Int {
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: Int.self)
        let deadline = promise.futureResult.eventLoop.scheduleTask(in: timeout) {
            promise.fail(Failure.timeout(timeout))
        }
        let connecting = ClientBootstrap(group: group)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(StatusHandler(target: target, promise: promise))
                }
            }
            .connect(host: target.host, port: target.port)
        connecting.whenFailure { promise.fail($0) }
        promise.futureResult.whenComplete { _ in
            deadline.cancel()
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        return try await promise.futureResult.get()
    }

    /// Why there was no answer, in a few words.
    static func reason(for error: any Error) -> String {
        switch error {
        case Failure.timeout(let timeout): return "no answer within \(timeout.nanoseconds / 1_000_000_000) s"
        case Failure.closed: return "the connection was closed without an answer"
        case let error as NIOConnectionError:
            let causes = error.connectionErrors.map(\.error)
            return (causes.first as? IOError).map(reason) ?? "no such host"
        case let error as IOError: return reason(error)
        case is HTTPParserError: return "the answer is not HTTP"
        default: return String(describing: error)
        }
    }

    private static func reason(_ error: IOError) -> String {
        SystemError.message(error.errnoCode)
    }
}

/// Sends the request once connected and reports the status of the answer.
private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let target: HTTPProbe.Target
    private let promise: EventLoopPromise<Int>

    init(target: HTTPProbe.Target, promise: EventLoopPromise<Int>) {
        self.target = target
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = [
            "Host": target.authority, "Connection": "close", "User-Agent": "\(Version.program)/\(Version.number)",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.uri, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { promise.succeed(Int(head.status.code)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(HTTPProbe.Failure.closed)
    }
}
