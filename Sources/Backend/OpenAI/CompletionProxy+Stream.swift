import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Observability

extension CompletionProxy {
    /// The answer to a request whose answer is a stream.
    func stream(
        _ answer: UpstreamResponse, _ exchange: ProxyExchange, _ context: BackendRequestContext
    ) -> Response {
        var headers: HTTPFields = [
            .contentType: answer.headers.first(name: "content-type") ?? "text/event-stream",
            .cacheControl: "no-cache",
            // nginx would collect the frames otherwise.
            .accelBuffering: "no",
        ]
        exchange.admission.addHeaders(to: &headers)
        let body = ResponseBody { writer in
            // The task is awaited before the writer is used again or returns: nobody else has it meanwhile.
            nonisolated(unsafe) let unshared = writer
            let isWhole = try await context.whileClientIsHere {
                try await pass(answer.body, to: unshared, exchange, context.logger)
            }
            // An error was told in the stream. Ending the connection instead of the body says that there is more to it.
            guard isWhole else { throw StreamBroken() }
            try await writer.finish(nil)
        }
        return Response(status: answer.status, headers: headers, body: body)
    }

    /// - Returns: Whether the stream came to its end.
    private func pass(
        _ body: UpstreamBody, to writer: any ResponseBodyWriter, _ exchange: ProxyExchange, _ logger: Logger
    ) async throws -> Bool {
        var stream = PassedStream(writer: writer, request: exchange.request)
        metrics.streamsOpen.increment()
        defer { metrics.streamsOpen.decrement() }
        do {
            var iterator = body.makeAsyncIterator()
            while let piece = try await iterator.next() {
                let isFirst = !stream.observer.hasContent
                try await stream.pass(piece)
                if isFirst, stream.observer.hasContent {
                    metrics.timeToFirstToken.observe(.now - exchange.start)
                }
            }
            try await stream.end()
            await finish(exchange, stream.observer, stream.observer.hasFailed ? .failed : .completed)
            return true
        } catch let failure as StreamFailure {
            await finish(exchange, stream.observer, .disconnected)
            throw failure.reason
        } catch is CancellationError {
            await finish(exchange, stream.observer, .disconnected)
            throw CancellationError()
        } catch {
            await finish(exchange, stream.observer, .failed)
            logger.warning("a stream broke", metadata: ["reason": "\(String(reflecting: error))"])
            try await stream.tell(Self.apiError(for: error))
            return false
        }
    }

    private static func apiError(for error: any Error) -> APIError {
        switch error {
        case let error as UpstreamError: APIError(error)
        case let error as EventFrameParser.FrameTooLarge:
            APIError(UpstreamError(.tooLarge, "The model's server sent an event larger than \(error.limit) bytes."))
        default: .internalError(cause: nil)
        }
    }

    private func finish(
        _ exchange: ProxyExchange, _ observer: StreamObserver, _ outcome: UsageRecord.Outcome
    ) async {
        if let usage = observer.usage {
            await exchange.finish(usage, .reported, outcome)
        } else {
            await exchange.finish(exchange.estimate(completionBytes: observer.contentBytes), .estimated, outcome)
        }
    }
}

/// A stream on its way to the client.
private struct PassedStream {
    /// Used by the one task that passes the stream on, and by nobody else until that has ended.
    nonisolated(unsafe) private var writer: any ResponseBodyWriter
    private var parser = EventFrameParser()
    private(set) var observer: StreamObserver

    init(writer: any ResponseBodyWriter, request: ProxyRequest) {
        self.writer = writer
        observer = StreamObserver(request: request)
    }

    /// Writes the frames that a piece completes, at once.
    mutating func pass(_ piece: ByteBuffer) async throws {
        parser.append(piece)
        var observer = observer
        let batches = try parser.batches { observer.observe($0) }
        self.observer = observer
        for batch in batches { try await write(batch) }
    }

    /// Writes what is left when the stream ends without an empty line.
    mutating func end() async throws {
        guard parser.rest.readableBytes > 0 else { return }
        try await write(parser.rest)
    }

    /// Writes an error as an event, as OpenAI's API does in the middle of a stream.
    mutating func tell(_ error: APIError) async throws {
        // What came of a frame would swallow the event: an empty line ends it.
        var frame = ByteBuffer(string: parser.rest.readableBytes > 0 ? "\n\n" : "")
        frame.writeString("event: error\ndata: ")
        frame.writeImmutableBuffer(error.body)
        frame.writeString("\n\n")
        try await write(frame)
    }

    private mutating func write(_ buffer: ByteBuffer) async throws {
        do {
            try await writer.write(buffer)
        } catch {
            throw StreamFailure(reason: error)
        }
    }
}

/// The client could not be written to.
private struct StreamFailure: Error {
    let reason: any Error
}

/// Ends the connection of a stream that did not come to its end.
private struct StreamBroken: Error {}

extension HTTPField.Name {
    fileprivate static let accelBuffering = known("X-Accel-Buffering")
}
