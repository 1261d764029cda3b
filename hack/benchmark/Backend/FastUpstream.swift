import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An OpenAI-compatible server that costs next to nothing: what is measured through a proxy is the proxy.
///
/// A request whose body has `"stream":true` gets 64 frames, 20 ms apart, or all at once when its model is `instant`; any other one gets
/// an answer of about a kilobyte at once.
struct FastUpstream: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fast-upstream", shouldDisplay: false)

    func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 8192)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(FastAnswers())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        print("ready http://127.0.0.1:\(channel.localAddress?.port ?? 0)/v1")
        // A file gets what is printed only at the end otherwise.
        fflush(nil)
        try await channel.closeFuture.get()
    }
}

/// What the server sends.
enum FastFrames {
    static let count = 64
    static let gap = TimeAmount.milliseconds(20)

    static let frame = ByteBuffer(
        string: #"data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"#
            + #""model":"fast","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":" word"},"#
            + #""logprobs":null,"finish_reason":null}]}"# + "\n\n")
    static let end = ByteBuffer(
        string: #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
            + #"data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":64,"total_tokens":74}}"#
            + "\n\ndata: [DONE]\n\n")
    static let whole = ByteBuffer(
        string: #"{"id":"chatcmpl-0123456789","object":"chat.completion","created":1700000000,"model":"fast","#
            + #""choices":[{"index":0,"message":{"role":"assistant","content":""#
            + String(repeating: "word ", count: 160) + #""},"logprobs":null,"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":10,"completion_tokens":160,"total_tokens":170}}"#)
}

private final class FastAnswers: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var body = ByteBuffer()
    private var start = NIODeadline.now()
    private var sent = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(let chunk): body.writeImmutableBuffer(chunk)
        case .end:
            let text = String(buffer: body)
            if text.contains(#""stream":true"#) {
                stream(context, isInstant: text.contains(#""instant""#))
            } else {
                answer(context)
            }
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(FastFrames.whole.readableBytes)",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(FastFrames.whole))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func stream(_ context: ChannelHandlerContext, isInstant: Bool) {
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-type": "text/event-stream"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        start = .now()
        sent = 0
        tick(context, isInstant: isInstant)
    }

    /// Sends what is due: one frame, or several in one write where the server is late.
    private func tick(_ context: ChannelHandlerContext, isInstant: Bool) {
        guard context.channel.isActive else { return }
        let due = isInstant ? FastFrames.count : Int((.now() - start).nanoseconds / FastFrames.gap.nanoseconds) + 1
        if due > sent {
            var piece = ByteBuffer()
            while sent < min(due, FastFrames.count) {
                piece.writeImmutableBuffer(FastFrames.frame)
                sent += 1
            }
            if sent == FastFrames.count { piece.writeImmutableBuffer(FastFrames.end) }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
        }
        guard sent < FastFrames.count else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let next = start + FastFrames.gap * sent
        context.eventLoop.assumeIsolated().scheduleTask(deadline: next) { self.tick(context, isInstant: isInstant) }
    }
}
