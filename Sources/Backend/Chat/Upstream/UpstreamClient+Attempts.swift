import FoundationEssentials
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Observability
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension UpstreamClient {
    /// Tries servers until one gives an answer that is worth passing on, or nothing is left to try.
    func send(
        _ request: UpstreamRequest, start: NIODeadline, deadline: NIODeadline
    ) async throws -> UpstreamResponse {
        var tried: Set<Int> = []
        var attempt = 1
        var index = try choose(avoiding: tried)
        while true {
            let result = try await attemptAt(index, request, start: start, deadline: deadline)
            if case .success(let response) = result, !RetryPolicy.isRetryable(status: response.status.code) {
                return response
            }
            tried.insert(index)
            // Chosen before the answer is given up: it is the one that counts where there is no other.
            guard let next = try? choose(avoiding: tried) else { return try result.get() }
            let now = NIODeadline.now()
            guard
                let delay = policy.delay(
                    after: attempt, rest: pool.withLock { $0.rest(of: next, at: now) }, isOtherServer: next != index,
                    jitter: .random(in: 0...1), remaining: deadline - now)
            else {
                pool.withLock { $0.record(.abandoned, of: next, at: now) }
                return try result.get()
            }
            metrics.retries.increment()
            logger.debug(
                "upstream request is tried again",
                metadata: ["attempt": .stringConvertible(attempt), "delay_ms": "\(delay.nanoseconds / 1_000_000)"])
            do {
                if delay > .zero { try await Task.sleep(for: Duration(delay)) }
            } catch {
                pool.withLock { $0.record(.abandoned, of: next, at: .now()) }
                throw error
            }
            attempt += 1
            index = next
        }
    }

    private func choose(avoiding tried: Set<Int>) throws(UpstreamError) -> Int {
        let now = NIODeadline.now()
        switch pool.withLock({ $0.choose(avoiding: tried, at: now) }) {
        case .server(let index): return index
        case .none(let until):
            metrics.count(.circuitOpen)
            throw UpstreamError(
                .circuitOpen, "The model's servers are failing; try again in a while.",
                retryAfter: until.map { Duration($0 - now) } ?? .seconds(1))
        }
    }

    /// One attempt, and what it says about the server.
    private func attemptAt(
        _ index: Int, _ request: UpstreamRequest, start: NIODeadline, deadline: NIODeadline
    ) async throws -> Result<UpstreamResponse, UpstreamError> {
        guard let transport else { throw UpstreamError.notConfigured }
        let server = pool.withLock { $0.members[index].server }
        let attemptDeadline = min(.now() + TimeAmount(settings.responseTimeout), deadline)
        do {
            let answer = try await transport.execute(
                ExchangeRequest(
                    server: index, address: server.url, head: head(of: request, to: server), body: request.body,
                    headDeadline: attemptDeadline, deadline: deadline))
            let head = answer.head
            metrics.count(status: Int(head.status.code))
            note(head, from: index)
            let status = HTTPResponse.Status(code: Int(head.status.code), reasonPhrase: head.status.reasonPhrase)
            return .success(
                UpstreamResponse(
                    status: status, headers: head.headers,
                    body: UpstreamBody(source: .server(answer), deadline: deadline) { [metrics] in
                        metrics.timeToFirstByte.observe(Duration(.now() - start))
                    }))
        } catch {
            guard let failure = Self.failure(error) as? UpstreamError else {
                pool.withLock { $0.record(.abandoned, of: index, at: .now()) }
                throw CancellationError()
            }
            metrics.count(failure.code)
            pool.withLock { $0.record(.failure, of: index, at: .now()) }
            logger.warning(
                "upstream attempt failed",
                metadata: ["server": "\(server.url)", "reason": "\(String(reflecting: failure))"])
            return .failure(failure)
        }
    }

    private func note(_ answer: HTTPResponseHead, from index: Int) {
        let now = NIODeadline.now()
        let isFailing = answer.status.code >= 500
        let rest =
            answer.status.code == 429 || answer.status.code == 503 ? RetryPolicy.retryAfter(answer.headers) : nil
        pool.withLock { pool in
            pool.record(isFailing ? .failure : .success, of: index, at: now)
            if let rest { pool.rest(index, until: now + rest) }
        }
    }

    private func head(of request: UpstreamRequest, to server: UpstreamServer) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: "host", value: server.url.authority)
        headers.add(contentsOf: request.headers)
        if let key = server.key { headers.replaceOrAdd(name: "authorization", value: "Bearer \(key.value)") }
        if !headers.contains(name: "user-agent") { headers.add(name: "user-agent", value: Self.userAgent) }
        if let body = request.body {
            headers.replaceOrAdd(name: "content-type", value: "application/json")
            headers.replaceOrAdd(name: "content-length", value: String(body.readableBytes))
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue),
            uri: server.url.path + request.path, headers: headers)
    }

    private static let userAgent = "\(Version.program)/\(Version.number)"

    /// What a failure of the HTTP library means; a `CancellationError` when the task was cancelled.
    static func failure(_ error: any Error) -> any Error {
        if error is UpstreamError || error is CancellationError { return error }
        let detail = String(describing: error)
        switch error as? ExchangeFailure {
        case .headTimeout?:
            return UpstreamError(
                .responseTimeout, "The model's server did not answer in time.", detail: detail)
        case .idleTimeout?: return UpstreamError.idleTimeout
        case .totalTimeout?: return UpstreamError.totalTimeout
        case .connectTimeout?, .noConnection?:
            return UpstreamError(.unreachable, "The model's server cannot be reached.", detail: detail)
        case .connectionClosed?, .unexpectedPart?, .shutDown?, .alreadyBeingRead?, nil: break
        }
        if error is NIOConnectionError || error is NIOSSLError || error is NIOSSLExtraError || isConnecting(error) {
            return UpstreamError(.unreachable, "The model's server cannot be reached.", detail: detail)
        }
        return UpstreamError(.connectionLost, "The connection to the model's server broke.", detail: detail)
    }

    /// Whether a system call says that there was never a connection.
    private static func isConnecting(_ error: any Error) -> Bool {
        if case .connectTimeout? = error as? ChannelError { return true }
        guard let error = error as? IOError else { return false }
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode)
    }
}
