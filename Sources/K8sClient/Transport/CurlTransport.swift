/// HTTP requests as Swift concurrency: each is carried out by the driver, one task waits for it.
///
/// Letting go of the transport ends its thread; `shutdown()` also waits for that.
final class CurlTransport: Sendable {
    private let driver: CurlDriver

    init(_ configuration: TransportConfiguration) {
        driver = CurlDriver(configuration)
    }

    deinit {
        driver.stop()
    }

    /// How many transfers are alive, waiting, running or held by a reader.
    var liveTransfers: Int { driver.liveTransfers.value }

    /// Ends every request with an error and waits until the thread has ended.
    func shutdown() async {
        driver.stop()
        await driver.stopped()
    }

    /// Sends a request and waits for the whole answer.
    func perform(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPResponse {
        try await answer(of: Transfer(request, isStreamed: false, driver.liveTransfers))
    }

    /// Sends a request and waits for the answer's head; the body comes by chunks.
    func stream(_ request: HTTPRequest) async throws(KubernetesError) -> (head: HTTPHead, body: ByteStream) {
        let transfer = Transfer(request, isStreamed: true, driver.liveTransfers)
        // Made first, so that whatever happens to the caller the transfer is let go.
        let body = ByteStream(source: ByteStream.Source(transfer, driver))
        let response = try await answer(of: transfer)
        return (response.head, body)
    }

    private func answer(of transfer: Transfer) async throws(KubernetesError) -> HTTPResponse {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.begin(continuation)
                if !driver.submit(.start(transfer)) { transfer.finish(.failure(DriverLoop.shutDown)) }
            }
        } onCancel: {
            transfer.cancel()
            // Gone is as good as cancelled: the driver ends every transfer when it stops.
            _ = driver.submit(.cancel(transfer))
        }
        return try outcome.get()
    }
}
