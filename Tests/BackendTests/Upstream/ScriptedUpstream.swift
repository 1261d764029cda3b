import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What a ``ScriptedUpstream`` does with one request.
struct ScriptedAnswer: Sendable {
    enum Step: Sendable {
        case send(String)
        case wait(Duration)
        /// Nothing more, ever: the connection stays open.
        case stall
        /// The connection is closed without the answer's end.
        case cut
    }

    var status = HTTPResponseStatus.ok
    var headers: HTTPHeaders = ["content-type": "application/json"]
    /// Before the head.
    var headDelay = Duration.zero
    /// Neither a head nor anything else comes.
    var hasHead = true
    var steps: [Step]

    static func json(_ text: String, status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:]) -> ScriptedAnswer {
        var answer = ScriptedAnswer(status: status, steps: [.send(text)])
        for (name, value) in headers { answer.headers.add(name: name, value: value) }
        return answer
    }

    static func events(_ steps: [Step]) -> ScriptedAnswer {
        ScriptedAnswer(headers: ["content-type": "text/event-stream"], steps: steps)
    }

    static let silence = ScriptedAnswer(hasHead: false, steps: [])

    /// A stream of words in OpenAI's format, with the usage at its end where the request asks for it.
    static func words(_ words: [String], pace: Duration = .zero, includesUsage: Bool) -> ScriptedAnswer {
        var steps = words.flatMap { [Step.send(chunk($0)), .wait(pace)] }
        steps.append(.send(#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"))
        if includesUsage { steps.append(.send(usageChunk)) }
        steps.append(.send("data: [DONE]\n\n"))
        return .events(steps)
    }

    static let usageChunk =
        #"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"# + "\n\n"

    /// One word as a frame.
    static func chunk(_ word: String) -> String {
        #"data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"\#(word)"},"finish_reason":null}]}"#
            + "\n\n"
    }

    /// A whole answer in OpenAI's format.
    static let completion = json(
        #"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#
    )
}

/// A request as a ``ScriptedUpstream`` got it.
struct ScriptedRequest: Sendable {
    let method: HTTPMethod
    let path: String
    let headers: HTTPHeaders
    let body: String
    /// From 0.
    let number: Int

    /// Whether the usage at the end of a stream is asked for.
    var includesUsage: Bool { body.contains(#""include_usage":true"#) }
}

/// An OpenAI-compatible server in the test's own process that does what the test says.
final class ScriptedUpstream: Sendable {
    private struct Storage {
        var requests: [ScriptedRequest] = []
        var open = 0
        var abandoned = 0
    }

    private let storage = Mutex(Storage())
    private let script: @Sendable (ScriptedRequest) -> ScriptedAnswer
    private let channel = Mutex<(any Channel)?>(nil)
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private init(_ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer) {
        self.script = script
    }

    /// Runs a server for the time of `test`.
    static func run<Value>(
        _ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer,
        _ test: (ScriptedUpstream) async throws -> Value
    ) async throws -> Value {
        let upstream = ScriptedUpstream(script)
        try await upstream.start()
        let result: Result<Value, any Error>
        do { result = .success(try await test(upstream)) } catch { result = .failure(error) }
        await upstream.stop()
        return try result.get()
    }

    /// For `OPENAI_BASE_URL`.
    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port ?? 0 })/v1" }
    /// All requests so far.
    var requests: [ScriptedRequest] { storage.withLock { $0.requests } }
    /// Requests that are being answered.
    var openCount: Int { storage.withLock { $0.open } }
    /// Requests whose connection the client closed before the end.
    var abandonedCount: Int { storage.withLock { $0.abandoned } }

    private func start() async throws {
        let bound = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(upstream: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
    }

    private func stop() async {
        // What goes wrong at the end of a test is of no consequence to it.
        try? await channel.withLock { $0 }?.close()
        try? await group.shutdownGracefully()
    }

    fileprivate func begin(_ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders, _ body: String)
        -> ScriptedAnswer
    {
        let request = storage.withLock { storage in
            let request = ScriptedRequest(
                method: method, path: path, headers: headers, body: body, number: storage.requests.count)
            storage.requests.append(request)
            storage.open += 1
            return request
        }
        return script(request)
    }

    fileprivate func end(isAbandoned: Bool) {
        storage.withLock { storage in
            storage.open -= 1
            if isAbandoned { storage.abandoned += 1 }
        }
    }
}

/// Answers the requests of one connection.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let upstream: ScriptedUpstream
    private var head: HTTPRequestHead?
    private var body = ""
    private var isAnswering = false

    init(upstream: ScriptedUpstream) {
        self.upstream = upstream
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let chunk): body += String(buffer: chunk)
        case .end:
            guard let head else { return }
            isAnswering = true
            let answer = upstream.begin(head.method, head.uri, head.headers, body)
            guard answer.hasHead else { return }
            after(answer.headDelay, context) { handler, context in
                let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
                context.writeAndFlush(handler.wrapOutboundOut(.head(head)), promise: nil)
                handler.play(answer.steps[...], context)
            }
        }
    }

    private func play(_ steps: ArraySlice<ScriptedAnswer.Step>, _ context: ChannelHandlerContext) {
        guard isAnswering else { return }
        guard let step = steps.first else {
            isAnswering = false
            upstream.end(isAbandoned: false)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        switch step {
        case .send(let text):
            let part = wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text))))
            context.writeAndFlush(part, promise: nil)
            play(steps.dropFirst(), context)
        case .wait(let duration): after(duration, context) { $0.play(steps.dropFirst(), $1) }
        case .stall: return
        case .cut:
            isAnswering = false
            upstream.end(isAbandoned: false)
            context.close(promise: nil)
        }
    }

    private func after(
        _ delay: Duration, _ context: ChannelHandlerContext,
        _ body: @escaping (ScriptHandler, ChannelHandlerContext) -> Void
    ) {
        guard delay > .zero else { return body(self, context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
            guard context.channel.isActive else { return }
            body(self, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isAnswering { upstream.end(isAbandoned: true) }
        isAnswering = false
        context.fireChannelInactive()
    }
}
