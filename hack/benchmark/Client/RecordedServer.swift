import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers watches of Deployments with recorded events, as fast as they are read: so that a client is measured and not a server.
///
/// In the namespace `changes` a watch brings changes without end; in `objects` it brings all objects and then stays silent.
/// Plain HTTP for all clients alike: what TLS costs is OpenSSL's, in Python as here.
struct RecordedServer {
    let objectCount: Int
    let events: RecordedEvents

    /// - Parameter body: is given the server's address; the server ends with it.
    func run<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        let streams = try Streams(events, objectCount)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    return try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            inboundType: HTTPServerRequestPart.self, outboundType: ByteBuffer.self))
                }
            }
        let address = "http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)"
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await Self.serve(connection, streams) }
                        }
                    }
                }
                defer { group.cancelAll() }
                return try await body(address)
            }
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>, _ streams: Streams
    ) async {
        do {
            try await connection.executeThenClose { requests, answers in
                for try await case .head(let head) in requests {
                    try await answers.write(
                        ByteBuffer(
                            string:
                                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                        ))
                    try await streams.answer(head, answers)
                }
            }
        } catch {
            // A client has enough when it goes.
        }
    }
}

/// What is sent, made once.
private struct Streams: Sendable {
    private let whole: Form
    private let metadata: Form

    private struct Form {
        let changes: ByteBuffer
        let objects: ByteBuffer
        let endOfList: ByteBuffer

        init(_ events: RecordedEvents, _ count: Int, metadataOnly: Bool) {
            changes = events.changes(metadataOnly: metadataOnly)
            objects = events.objects(count, metadataOnly: metadataOnly)
            endOfList = events.endOfList(metadataOnly: metadataOnly)
        }
    }

    init(_ events: RecordedEvents, _ count: Int) throws {
        whole = Form(events, count, metadataOnly: false)
        metadata = Form(events, count, metadataOnly: true)
    }

    func answer(
        _ head: HTTPRequestHead, _ answers: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let form = head.headers["Accept"].contains { $0.contains("PartialObjectMetadata") } ? metadata : whole
        let beginsWithList = head.uri.contains("sendInitialEvents=true")
        if head.uri.contains("/namespaces/objects/") {
            try await send(form.objects, answers)
            if beginsWithList { try await answers.write(form.endOfList) }
            return
        }
        if beginsWithList { try await answers.write(form.endOfList) }
        while !Task.isCancelled { try await send(form.changes, answers) }
    }

    /// In pieces, since a write of many megabytes would be one that never fits the socket.
    private func send(_ bytes: ByteBuffer, _ answers: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws {
        var rest = bytes
        while let piece = rest.readSlice(length: min(rest.readableBytes, 128 << 10)), piece.readableBytes > 0 {
            try await answers.write(piece)
        }
    }
}
