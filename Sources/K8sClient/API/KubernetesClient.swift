public import Logging
import Synchronization

/// A client of one API server, as one user.
///
/// All requests share one thread for their I/O and few connections. Credentials are looked up for each request. Letting
/// go of the client ends its thread and connections; `shutdown()` also waits for that.
public final class KubernetesClient: Sendable {
    /// What the client was made with.
    public let configuration: ClientConfiguration
    let logger: Logger
    private let transport: Result<CurlTransport, KubernetesError>
    private let metrics = RequestMetrics()
    private let requestCount = Atomic<UInt64>(0)
    private let retryPolicy = RetryPolicy()

    /// Makes a client; nothing is sent yet. A configuration that cannot work makes every request throw its reason.
    public init(configuration: ClientConfiguration, logger: Logger = Logger(label: "kubernetes-client")) {
        self.configuration = configuration
        self.logger = logger
        do throws(KubernetesError) {
            transport = .success(
                CurlTransport(
                    TransportConfiguration(
                        server: try ServerAddress(configuration.server, serverName: configuration.tls.serverName),
                        tls: configuration.tls, proxyURL: configuration.proxyURL, userAgent: configuration.userAgent,
                        connectTimeout: configuration.connectTimeout, httpVersion: configuration.httpVersion,
                        maximumConcurrentRequests: max(configuration.maximumConcurrentRequests, 1))))
        } catch {
            transport = .failure(error)
        }
    }

    /// Ends every request with an error of code `cancelled`, and waits until the client's thread has ended.
    public func shutdown() async {
        if case .success(let transport) = transport { await transport.shutdown() }
    }

    // MARK: Carrying out requests

    /// Sends a request once and hands back whatever the server answers, errors of the API included.
    /// - Throws: `KubernetesError` when there is no answer.
    public func raw(_ request: KubernetesRequest) async throws(KubernetesError) -> KubernetesResponse {
        let response = try await send(request)
        return KubernetesResponse(status: response.head.status, headers: response.head.fields, body: response.body)
    }

    /// Sends a request and hands back the body as it comes: logs, watches.
    ///
    /// There is no deadline unless the request names one.
    /// - Throws: `KubernetesError` when there is no answer, or one that is not a success.
    public func stream(_ request: KubernetesRequest) async throws(KubernetesError) -> ByteStream {
        let http = try prepare(request, timeout: request.timeout)
        let start = ContinuousClock.now
        let head: HTTPHead
        let body: ByteStream
        do throws(KubernetesError) {
            (head, body) = try await transport.get().stream(http)
        } catch {
            note(request, start, code: error.code.rawValue)
            throw error.during(request.name)
        }
        note(request, start, code: "\(head.status)")
        guard (200..<300).contains(head.status) else {
            throw ResponseError.error(request, HTTPResponse(head: head, body: try await Self.excerpt(body)))
        }
        return body
    }

    /// Sends a request, repeats it as the server asks, and hands back the body of a success.
    func perform(_ request: KubernetesRequest) async throws(KubernetesError) -> HTTPResponse {
        let deadline = ContinuousClock.now + (request.timeout ?? configuration.requestTimeout)
        var attempt = 1
        while true {
            let response = try await send(request)
            if (200..<300).contains(response.head.status) { return response }
            let error = ResponseError.error(request, response)
            let pause = retryPolicy.pause(
                attempt: attempt, httpStatus: response.head.status, retryAfter: error.retryAfter,
                isIdempotent: request.isIdempotent, random: .random(in: 0..<1))
            guard let pause, ContinuousClock.now + pause < deadline else { throw error }
            logger.debug("trying again", metadata: ["request": "\(request.name)", "after": "\(pause)"])
            attempt += 1
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw KubernetesError(.cancelled, "the request was cancelled", request: request.name)
            }
        }
    }

    /// One attempt.
    private func send(_ request: KubernetesRequest) async throws(KubernetesError) -> HTTPResponse {
        let http = try prepare(request, timeout: request.timeout ?? configuration.requestTimeout)
        let start = ContinuousClock.now
        do throws(KubernetesError) {
            let response = try await transport.get().perform(http)
            note(request, start, code: "\(response.head.status)")
            return response
        } catch {
            note(request, start, code: error.code.rawValue)
            throw error.during(request.name)
        }
    }

    private func prepare(_ request: KubernetesRequest, timeout: Duration?) throws(KubernetesError) -> HTTPRequest {
        var headers = ["Accept: " + request.accept]
        if let contentType = request.contentType { headers.append("Content-Type: " + contentType) }
        do throws(KubernetesError) {
            if let authorization = try configuration.credentials.authorization() {
                headers.append("Authorization: " + authorization)
            }
        } catch {
            throw error.during(request.name)
        }
        if let impersonation = configuration.impersonation {
            headers.append("Impersonate-User: " + impersonation.user)
            if let uid = impersonation.uid { headers.append("Impersonate-Uid: " + uid) }
            for group in impersonation.groups { headers.append("Impersonate-Group: " + group) }
        }
        for field in request.headers { headers.append(field.name + ": " + field.value) }
        guard headers.allSatisfy({ !$0.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 } }) else {
            throw KubernetesError(.configuration, "a header holds a line break", request: request.name)
        }
        let target = request.target
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw KubernetesError(
                .configuration, "the path must begin with / and be percent-encoded", request: request.name)
        }
        let needsBody = request.method == .post || request.method == .put || request.method == .patch
        return HTTPRequest(
            method: request.method.rawValue, target: target, headers: headers,
            body: request.body ?? (needsBody ? [] : nil), timeout: timeout, isReplayable: request.isIdempotent,
            isUrgent: request.isUrgent, maximumBodyBytes: configuration.maximumBodyBytes)
    }

    private func note(_ request: KubernetesRequest, _ start: ContinuousClock.Instant, code: String) {
        let elapsed = ContinuousClock.now - start
        metrics.record(verb: request.verb, resource: request.resource, code: code, elapsed)
        let id = requestCount.wrappingAdd(1, ordering: .relaxed).newValue
        logger.debug(
            "request",
            metadata: ["id": "\(id)", "request": "\(request.name)", "code": "\(code)", "took": "\(elapsed)"])
    }

    /// What an error's body may hold that is read from a stream.
    private static let maximumErrorBytes = 1 << 20

    private static func excerpt(_ body: ByteStream) async throws(KubernetesError) -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body {
            bytes.append(contentsOf: chunk)
            if bytes.count > maximumErrorBytes { break }
        }
        return bytes
    }
}
