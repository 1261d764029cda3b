import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One `GET` as the kubelet makes it for a probe: what counts is the status; redirects are not followed, the body is not
/// read, certificates are not verified.
struct HTTPProbe: Sendable {
    let host: String
    let port: Int
    let path: String
    let isTLS: Bool
    let headers: [(String, String)]
    let timeout: Duration

    /// Why there was no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ error: any Error) {
            switch error {
            case let error as NIOConnectionError:
                description = error.connectionErrors.first.map { Self($0.error).description } ?? "connection failed"
            case let error as IOError where error.errnoCode == 111: description = "connect: connection refused"
            case ChannelError.connectTimeout: description = "connect: i/o timeout"
            case ProbeError.timeout:
                description = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            case ProbeError.closed: description = "EOF"
            default: description = "\(error)"
            }
        }
    }

    private enum ProbeError: Error { case timeout, closed }

    var url: String { "\(isTLS ? "https" : "http")://\(host):\(port)\(path)" }

    func status() async -> Result<Int, Failure> {
        do {
            return .success(try await request())
        } catch {
            return .failure(Failure(error))
        }
    }

    private func request() async throws -> Int {
        let limit = TimeAmount(timeout)
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = loop.makePromise(of: Int.self)
        let deadline = loop.scheduleTask(in: limit) { answer.fail(ProbeError.timeout) }
        defer { deadline.cancel() }
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop).connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if isTLS {
                            var configuration = TLSConfiguration.makeClientConfiguration()
                            configuration.certificateVerification = .none
                            let context = try NIOSSLContext(configuration: configuration)
                            try channel.pipeline.syncOperations.addHandler(
                                NIOSSLClientHandler(context: context, serverHostname: nil))
                        }
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(Handler(answer))
                    }
                }.connect(host: host, port: port).get()
        } catch {
            answer.fail(error)
            return try await answer.futureResult.get()
        }
        var fields = HTTPHeaders([
            ("Host", "\(host):\(port)"), ("User-Agent", "kube-probe/1.36"), ("Accept", "*/*"),
            ("Connection", "close"),
        ])
        for (name, value) in headers { fields.replaceOrAdd(name: name, value: value) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        defer { channel.close(promise: nil) }
        return try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let answer: EventLoopPromise<Int>

        init(_ answer: EventLoopPromise<Int>) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .head(let head) = unwrapInboundIn(data) { answer.succeed(Int(head.status.code)) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            answer.fail(ProbeError.closed)
            context.fireChannelInactive()
        }
    }
}
