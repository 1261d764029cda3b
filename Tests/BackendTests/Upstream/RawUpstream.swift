import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server that says bytes of the test's own, whether they are HTTP or not.
final class RawUpstream: Sendable {
    /// What it does once a request's body has come: it is called with the connection's number and that of the request on it, from 0.
    typealias Script = @Sendable (_ connection: Int, _ request: Int, any Channel) -> Void

    private struct Storage {
        var connections = 0
        var open = 0
        var maximumOpen = 0
        var requests = 0
    }

    private let storage = Mutex(Storage())
    private let script: Script
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ script: @escaping Script) { self.script = script }

    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }
    var connections: Int { storage.withLock { $0.connections } }
    var openConnections: Int { storage.withLock { $0.open } }
    var maximumOpen: Int { storage.withLock { $0.maximumOpen } }
    var requests: Int { storage.withLock { $0.requests } }

    /// Runs a server for the time of `test`.
    static func run<Value>(
        _ script: @escaping Script, on host: String = "127.0.0.1", tls: NIOSSLContext? = nil,
        _ test: (RawUpstream) async throws -> Value
    ) async throws -> Value {
        let upstream = RawUpstream(script)
        let bound = try await ServerBootstrap(group: upstream.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(RawHandler(upstream))
                }
            }
            .bind(host: host, port: 0).get()
        upstream.channel.withLock { $0 = bound }
        let result: Result<Value, any Error>
        do { result = .success(try await test(upstream)) } catch { result = .failure(error) }
        // What goes wrong at the end of a test is of no consequence to it.
        try? await bound.close()
        try? await upstream.group.shutdownGracefully()
        return try result.get()
    }

    fileprivate func connected() -> Int {
        storage.withLock { storage in
            storage.open += 1
            storage.maximumOpen = max(storage.maximumOpen, storage.open)
            defer { storage.connections += 1 }
            return storage.connections
        }
    }

    fileprivate func disconnected() { storage.withLock { $0.open -= 1 } }

    fileprivate func asked(_ connection: Int, _ request: Int, _ channel: any Channel) {
        storage.withLock { $0.requests += 1 }
        script(connection, request, channel)
    }
}

extension Channel {
    /// Sends text as it is.
    func say(_ text: String) { writeAndFlush(ByteBuffer(string: text), promise: nil) }
    /// A whole answer.
    func answer(_ body: String, headers: String = "") {
        say("HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let upstream: RawUpstream
    private var number = 0
    private var requests = 0
    private var text = ""

    init(_ upstream: RawUpstream) { self.upstream = upstream }

    func channelActive(context: ChannelHandlerContext) {
        number = upstream.connected()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        upstream.disconnected()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        // The body of the fixture's request.
        guard text.hasSuffix("}") else { return }
        text = ""
        defer { requests += 1 }
        upstream.asked(number, requests, context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A number that several tasks and loops count.
final class SharedCounter: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .relaxed) }

    @discardableResult
    func add(_ count: Int) -> Int { number.wrappingAdd(count, ordering: .relaxed).newValue }
}
