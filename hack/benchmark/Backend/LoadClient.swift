import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Where a request goes.
struct LoadTarget: Sendable {
    let name: String
    let host: String
    let port: Int
    let path: String
    let key: String
    /// The processes whose memory counts.
    let pids: [Int]
}

extension LoadTarget {
    /// Reads `NAME=HOST:PORT=KEY=PID+PID`.
    init(parsing text: String, path: String) throws {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 4, let colon = parts[1].lastIndex(of: ":"),
            let port = Int(parts[1][parts[1].index(after: colon)...])
        else { throw ValidationError("--target must be NAME=HOST:PORT=KEY=PID+PID: \(text)") }
        self.init(
            name: String(parts[0]), host: String(parts[1][..<colon]), port: port, path: path, key: String(parts[2]),
            pids: parts[3].split(separator: "+").compactMap { Int($0) })
    }
}

/// What one connection saw.
struct LoadFigures: Sendable {
    var latencies: [Duration] = []
    /// From a request to the first piece of its answer's body.
    var firstBytes: [Duration] = []
    /// Streams with a gap above the bound.
    var stalled = 0
    var refused = 0

    mutating func add(_ other: LoadFigures) {
        latencies += other.latencies
        firstBytes += other.firstBytes
        stalled += other.stalled
        refused += other.refused
    }
}

/// One connection that asks again and again.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    static let stallBound = Duration.milliseconds(250)

    private let target: LoadTarget
    /// Nil for a GET.
    private let body: ByteBuffer?
    private let done: EventLoopPromise<LoadFigures>
    /// Whether there is another request after `count` of them.
    private let goesOn: (Int) -> Bool
    private var figures = LoadFigures()
    private var count = 0
    private var start = ContinuousClock.now
    private var lastPiece: ContinuousClock.Instant?
    private var isStalled = false
    private var status = 0
    private var isDone = false

    private init(
        _ target: LoadTarget, _ body: ByteBuffer?, _ done: EventLoopPromise<LoadFigures>,
        _ goesOn: @escaping (Int) -> Bool
    ) {
        self.target = target
        self.body = body
        self.done = done
        self.goesOn = goesOn
    }

    /// Opens a connection, asks for as long as `goesOn`, and gives what it saw.
    static func run(
        _ target: LoadTarget, body: ByteBuffer?, on loop: any EventLoop, goesOn: @escaping @Sendable (Int) -> Bool
    ) -> EventLoopFuture<LoadFigures> {
        let done = loop.makePromise(of: LoadFigures.self)
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(LoadConnection(target, body, done, goesOn))
                }
            }
            .connect(host: target.host, port: target.port)
            .whenFailure { _ in done.succeed(LoadFigures(refused: 1)) }
        return done.futureResult
    }

    /// Asks on several connections at once until the time is over.
    static func together(
        _ target: LoadTarget, body: ByteBuffer?, connections: Int, for duration: Duration
    ) async throws -> LoadFigures {
        let end = ContinuousClock.now + duration
        let group = MultiThreadedEventLoopGroup.singleton
        let futures = (0..<connections).map { _ in
            run(target, body: body, on: group.next()) { _ in ContinuousClock.now < end }
        }
        var all = LoadFigures()
        for future in futures { all.add(try await future.get()) }
        return all
    }

    func channelActive(context: ChannelHandlerContext) { ask(context) }

    private func ask(_ context: ChannelHandlerContext) {
        start = .now
        lastPiece = nil
        isStalled = false
        var headers: HTTPHeaders = [
            "host": "\(target.host):\(target.port)", "authorization": "Bearer \(target.key)",
        ]
        if let body {
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: "\(body.readableBytes)")
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: body == nil ? .GET : .POST, uri: target.path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body:
            let now = ContinuousClock.now
            if let lastPiece {
                if now - lastPiece > Self.stallBound { isStalled = true }
            } else {
                figures.firstBytes.append(now - start)
            }
            lastPiece = now
        case .end:
            figures.latencies.append(.now - start)
            if status != 200 { figures.refused += 1 }
            if isStalled { figures.stalled += 1 }
            count += 1
            if goesOn(count) { ask(context) } else { finish(context) }
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        isDone = true
        done.succeed(figures)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        figures.refused += 1
        done.succeed(figures)
    }
}
