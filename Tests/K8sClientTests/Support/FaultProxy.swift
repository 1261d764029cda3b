import K8sClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Stands between a client and a server, passes requests on, and does to each answer what a test, or a seed, says.
///
/// One connection to the server for each of the client's. It ends TLS on both sides, so it can change its own certificate while it
/// runs. Everything it holds is gone when `running` returns.
final class FaultProxy: Sendable {
    /// What happens to one request.
    enum Fault: Sendable, Hashable {
        case none
        /// The connection is closed without an answer, and the server is not asked.
        case drop
        /// The connection is closed without an answer, after the server has carried the request out.
        case dropAnswer
        /// An answer of the proxy's own; the server is not asked.
        case answer(Int, retryAfter: Int?)
        /// The connection is closed after so many bytes of the body.
        case cut(after: Int)
        /// The answer comes late.
        case delay(Duration)
        /// After so many bytes of the body nothing comes any more, and the connection stays.
        case stall(after: Int)
        /// The line in which this byte of the body lies comes twice.
        case duplicate(at: Int)
        /// This byte of the body is one that JSON holds nowhere.
        case corrupt(at: Int)
    }

    /// A request as the plan sees it.
    struct Request: Sendable {
        let method: String
        let target: String
        let accept: String?
    }

    /// Where the requests go.
    struct Upstream: Sendable {
        var port: Int
        /// How the server is spoken to; `nil` for no TLS.
        var tls: NIOSSLContext?
        /// Whether the client's own credentials end at the proxy.
        var dropsAuthorization = false
    }

    private typealias Front = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    private typealias Back = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    let port: Int
    private let upstream: Upstream
    private let plan: @Sendable (Request) -> Fault
    private let tls: Mutex<NIOSSLContext?>
    private let open = Atomic<Int>(0)
    private let faults = Mutex<[String: Int]>([:])

    private init(port: Int, _ upstream: Upstream, _ tls: NIOSSLContext?, _ plan: @escaping @Sendable (Request) -> Fault)
    {
        self.port = port
        self.upstream = upstream
        self.plan = plan
        self.tls = Mutex(tls)
    }

    /// How many connections of clients are open.
    var openConnections: Int { open.load(ordering: .relaxed) }

    /// How often each kind of fault has happened.
    var counts: [String: Int] { faults.withLock { $0 } }

    /// New connections are shown this certificate from now on.
    func use(_ context: NIOSSLContext) { tls.withLock { $0 = context } }

    /// Runs a proxy beside `body`.
    /// - Parameter tls: the certificate that clients are shown; `nil` for no TLS.
    static func running<R: Sendable>(
        to upstream: Upstream, tls: NIOSSLContext? = nil, plan: @escaping @Sendable (Request) -> Fault,
        _ body: (FaultProxy) async throws -> R
    ) async throws -> R {
        let box = Mutex<FaultProxy?>(nil)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context = box.withLock({ $0 })?.tls.withLock({ $0 }) {
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
                    return try Front(wrappingChannelSynchronously: channel)
                }
            }
        let proxy = FaultProxy(port: server.channel.localAddress?.port ?? 0, upstream, tls, plan)
        box.withLock { $0 = proxy }
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections { group.addTask { await proxy.serve(connection) } }
                    }
                }
                defer { group.cancelAll() }
                return try await body(proxy)
            }
        }
    }

    // MARK: One connection

    @concurrent private func serve(_ front: Front) async {
        open.wrappingAdd(1, ordering: .relaxed)
        defer { open.wrappingSubtract(1, ordering: .relaxed) }
        // Whatever breaks here is what the client is there to bear: it sees a connection that ends.
        try? await front.executeThenClose { requests, answers in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { front.channel.close(promise: nil) }
                    try await self.pass(requests, answers)
                }
                // A client that leaves while the server is silent is noticed as well.
                try await front.channel.closeFuture.get()
                group.cancelAll()
            }
        }
    }

    @concurrent private func pass(
        _ requests: NIOAsyncChannelInboundStream<HTTPServerRequestPart>,
        _ answers: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        let upstream = upstream
        let back = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: upstream.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context = upstream.tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try pipeline.addHTTPClientHandlers()
                    return try Back(wrappingChannelSynchronously: channel)
                }
            }
        try await back.executeThenClose { serverAnswers, serverRequests in
            var requests = requests.makeAsyncIterator()
            var serverAnswers = serverAnswers.makeAsyncIterator()
            while let (head, body) = try await Self.request(&requests) {
                let fault = plan(
                    Request(
                        method: head.method.rawValue, target: head.uri, accept: head.headers["accept"].first))
                count(fault)
                switch fault {
                case .drop: return
                case .answer(let status, let retryAfter):
                    try await Self.answer(answers, status, retryAfter)
                    continue
                case .delay(let time): try await Task.sleep(for: time)
                default: break
                }
                try await forward(head, body, serverRequests)
                let goesOn = try await passAnswer(&serverAnswers, answers, fault)
                guard goesOn else { return }
            }
        }
    }

    private func count(_ fault: Fault) {
        let name = String(describing: fault).prefix { $0 != "(" }
        faults.withLock { $0[String(name), default: 0] += 1 }
    }

    @concurrent private static func request(
        _ parts: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    ) async throws -> (HTTPRequestHead, ByteBuffer)? {
        var head: HTTPRequestHead?
        var body = ByteBuffer()
        while let part = try await parts.next() {
            switch part {
            case .head(let value): head = value
            case .body(var bytes): body.writeBuffer(&bytes)
            case .end: return head.map { ($0, body) }
            }
        }
        return nil
    }

    private func forward(
        _ head: HTTPRequestHead, _ body: ByteBuffer, _ server: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        var head = head
        if upstream.dropsAuthorization { head.headers.remove(name: "authorization") }
        try await server.write(.head(head))
        if body.readableBytes > 0 { try await server.write(.body(.byteBuffer(body))) }
        try await server.write(.end(nil))
    }

    private static func answer(
        _ client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, _ status: Int, _ retryAfter: Int?
    ) async throws {
        let text: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": "the proxy says so",
            "code": JSONValue(status), "reason": .string(status == 410 ? "Expired" : ""),
        ]
        let body = ByteBuffer(bytes: text.jsonBytes())
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": "\(body.readableBytes)"]
        if let retryAfter { headers.add(name: "Retry-After", value: "\(retryAfter)") }
        let status = HTTPResponseStatus(statusCode: status)
        try await client.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        try await client.write(.body(.byteBuffer(body)))
        try await client.write(.end(nil))
    }

    /// - Returns: whether the connection can go on.
    @concurrent private func passAnswer(
        _ server: inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator,
        _ client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, _ fault: Fault
    ) async throws -> Bool {
        var passed = 0
        var line = ByteBuffer()
        while let part = try await server.next() {
            switch part {
            case .head(let head) where head.status.code < 200: continue
            case .head(var head):
                if case .dropAnswer = fault { return false }
                if case .duplicate = fault { head.headers.remove(name: "content-length") }
                try await client.write(
                    .head(HTTPResponseHead(version: .http1_1, status: head.status, headers: head.headers)))
            case .body(var bytes):
                let range = passed..<passed + bytes.readableBytes
                passed = range.upperBound
                switch fault {
                case .cut(let end) where range.upperBound > end, .stall(let end) where range.upperBound > end:
                    let rest = bytes.readSlice(length: max(end - range.lowerBound, 0)) ?? ByteBuffer()
                    if rest.readableBytes > 0 { try await client.write(.body(.byteBuffer(rest))) }
                    if case .cut = fault { return false }
                    // Until the client leaves, which cancels this task.
                    try await Task.sleep(for: .seconds(3600))
                    return false
                case .corrupt(let offset) where range.contains(offset):
                    bytes.setInteger(UInt8(0), at: bytes.readerIndex + offset - range.lowerBound)
                    try await client.write(.body(.byteBuffer(bytes)))
                case .duplicate(let offset)
                where passed > offset && range.lowerBound <= offset || line.readableBytes > 0:
                    try await Self.duplicate(&bytes, &line, client)
                default: try await client.write(.body(.byteBuffer(bytes)))
                }
            case .end:
                try await client.write(.end(nil))
                return true
            }
        }
        return false
    }

    /// Passes bytes on, and the first whole line of them twice; `line` keeps what has come of that line so far.
    private static func duplicate(
        _ bytes: inout ByteBuffer, _ line: inout ByteBuffer,
        _ client: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        guard let end = bytes.readableBytesView.firstIndex(of: 0x0A) else {
            line.writeImmutableBuffer(bytes)
            return
        }
        if let rest = bytes.readSlice(length: end + 1 - bytes.readerIndex) { line.writeImmutableBuffer(rest) }
        try await client.write(.body(.byteBuffer(line)))
        try await client.write(.body(.byteBuffer(line)))
        line.clear()
        if bytes.readableBytes > 0 { try await client.write(.body(.byteBuffer(bytes))) }
    }
}
