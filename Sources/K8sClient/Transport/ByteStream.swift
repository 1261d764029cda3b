/// The body of an answer, chunk by chunk as it arrives, for one consumer.
///
/// While nobody asks for the next chunk at most about 256 KiB are kept, then the server is made to wait. Letting go of the
/// stream, or cancelling the task that waits for a chunk, ends the request.
public struct ByteStream: AsyncSequence, Sendable {
    /// A chunk, never empty.
    public typealias Element = [UInt8]
    /// Why the body ended before its end.
    public typealias Failure = KubernetesError

    let source: Source

    /// Keeps the transfer going while anyone may read it.
    final class Source: Sendable {
        private let transfer: Transfer
        private let driver: CurlDriver

        init(_ transfer: Transfer, _ driver: CurlDriver) {
            self.transfer = transfer
            self.driver = driver
        }

        deinit {
            cancel()
        }

        /// Lengthens the time for which the body may pause.
        func setIdleTimeout(_ timeout: Duration) { transfer.idleTimeout = timeout }

        func cancel() {
            transfer.cancel()
            // A driver that is gone has ended the transfer already.
            _ = driver.submit(.cancel(transfer))
        }

        func next() async throws(KubernetesError) -> [UInt8]? {
            if case .now(let chunk, let resume) = transfer.nextChunk(nil) {
                if resume { _ = driver.submit(.resume(transfer)) }
                return try chunk.get()
            }
            let chunk = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if case .now(let chunk, let resume) = transfer.nextChunk(continuation) {
                        if resume { _ = driver.submit(.resume(transfer)) }
                        continuation.resume(returning: chunk)
                    }
                }
            } onCancel: {
                cancel()
            }
            return try chunk.get()
        }
    }

    /// Reads the chunks.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let source: Source

        /// The next chunk, never empty; `nil` at the end of the body.
        /// - Throws: `KubernetesError` when the connection breaks, the client shuts down or the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KubernetesError) -> [UInt8]? {
            try await source.next()
        }

        /// The same, for callers without an isolation of their own.
        public mutating func next() async throws(KubernetesError) -> [UInt8]? {
            try await source.next()
        }
    }

    /// Begins reading; for one consumer.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source)
    }
}
