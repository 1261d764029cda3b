public import CoreMetrics
public import Logging

/// A client of one API server, as one user.
///
/// All requests share one thread for their I/O and few connections. Credentials and certificates are looked up for each
/// request. Letting go of the client, and of all views of it that `using` gave, ends its thread and connections;
/// `shutdown()` also waits for that.
public final class KubernetesClient: Sendable {
    /// What the client was made with.
    public let configuration: ClientConfiguration
    /// Which part of the budget the requests count against, unless they say otherwise themselves.
    public let lane: RequestBudget.Lane
    let logger: Logger
    let core: ClientCore
    let retryPolicy: RetryPolicy
    /// The place of `lane` among the budget's; a lane that the budget does not name is the standard one, its first.
    private let laneIndex: Int

    /// Makes a client; nothing is sent yet. A configuration that cannot work makes every request throw its reason.
    /// - Parameters:
    ///   - configuration: where the server is and who asks.
    ///   - logger: told of requests at the level debug, and of warnings.
    ///   - metrics: what makes the client's metrics; the process's by default.
    ///   - onWarning: told of each warning in an answer; by default each is logged once.
    public convenience init(
        configuration: ClientConfiguration, logger: Logger = Logger(label: "kubernetes-client"),
        metrics: any MetricsFactory = MetricsSystem.factory, onWarning: (@Sendable (ServerWarning) -> Void)? = nil
    ) {
        self.init(
            configuration: configuration, logger: logger, metrics: metrics, onWarning: onWarning,
            retryPolicy: RetryPolicy())
    }

    init(
        configuration: ClientConfiguration, logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory,
        onWarning: (@Sendable (ServerWarning) -> Void)? = nil, retryPolicy: RetryPolicy
    ) {
        self.configuration = configuration
        self.logger = logger
        self.retryPolicy = retryPolicy
        lane = .standard
        let log = WarningLog(logger)
        core = ClientCore(configuration, metrics, onWarning: onWarning ?? { log.note($0) })
        laneIndex = 0
    }

    private init(_ client: KubernetesClient, lane: RequestBudget.Lane) {
        configuration = client.configuration
        logger = client.logger
        retryPolicy = client.retryPolicy
        core = client.core
        self.lane = lane
        laneIndex = client.core.lanes[lane] ?? 0
    }

    /// The same client, its requests counted against another part of the budget.
    public func using(_ lane: RequestBudget.Lane) -> KubernetesClient { KubernetesClient(self, lane: lane) }

    /// Ends every request with an error of code `cancelled`, and waits until the client's thread has ended. Views of the
    /// client end with it.
    public func shutdown() async {
        if case .success(let transport) = core.transport { await transport.shutdown() }
    }

    // MARK: Carrying out requests

    /// Sends a request once and hands back whatever the server answers, errors of the API included.
    /// - Throws: `KubernetesError` when there is no answer.
    public func raw(_ request: KubernetesRequest) async throws(KubernetesError) -> KubernetesResponse {
        let deadline = ContinuousClock.now + (request.timeout ?? configuration.requestTimeout)
        let attempt = Attempt(id: core.nextRequestID(), number: 1, deadline: deadline)
        let response = try await send(request, attempt).response
        return KubernetesResponse(status: response.head.status, headers: response.head.fields, body: response.body)
    }

    /// Sends a request and hands back the body as it comes: logs, watches.
    ///
    /// There is no deadline unless the request names one; the answer's head must come within the client's own.
    /// - Throws: `KubernetesError` when there is no answer, or one that is not a success.
    public func stream(_ request: KubernetesRequest) async throws(KubernetesError) -> ByteStream {
        try await stream(request, idleTimeout: nil)
    }

    /// - Parameter idleTimeout: how long the body may pause; then the stream ends with an error of code `timeout`.
    func stream(_ request: KubernetesRequest, idleTimeout: Duration?) async throws(KubernetesError) -> ByteStream {
        var attempt = Attempt(
            id: core.nextRequestID(), number: 1, deadline: request.timeout.map { ContinuousClock.now + $0 })
        while true {
            let proof = try await proof(request, ContinuousClock.now + configuration.requestTimeout)
            var http = try prepare(request, proof, deadline: attempt.deadline)
            http.headTimeout = configuration.requestTimeout
            http.idleTimeout = idleTimeout
            let start = ContinuousClock.now
            let head: HTTPHead
            let body: ByteStream
            do throws(KubernetesError) {
                (head, body) = try await core.transport.get().stream(http)
            } catch {
                note(request, attempt, start, code: error.code.rawValue)
                throw error.during(request.name)
            }
            note(request, attempt, start, code: "\(head.status)")
            tellWarnings(head, request)
            if (200..<300).contains(head.status) { return body }
            if head.status == 401, attempt.number == 1, configuration.credentials.rejected(proof) {
                core.metrics.retried(verb: request.verb, resource: request.resource, code: "401")
                attempt.number += 1
                continue
            }
            throw ResponseError.error(request, HTTPResponse(head: head, body: await Self.excerpt(body)))
        }
    }

    /// Sends a request, repeats it as the server asks or where that is safe, and hands back the body of a success. The
    /// deadline holds for all attempts together.
    func perform(_ request: KubernetesRequest) async throws(KubernetesError) -> HTTPResponse {
        let deadline = ContinuousClock.now + (request.timeout ?? configuration.requestTimeout)
        var attempt = Attempt(id: core.nextRequestID(), number: 1, deadline: deadline)
        var mayRenewCredentials = true
        while true {
            let failure: KubernetesError
            var pause: Duration?
            do throws(KubernetesError) {
                let (response, proof) = try await send(request, attempt)
                if (200..<300).contains(response.head.status) { return response }
                failure = ResponseError.error(request, response)
                if response.head.status == 401, mayRenewCredentials, configuration.credentials.rejected(proof) {
                    // Whoever is not let in has changed nothing.
                    mayRenewCredentials = false
                    pause = .zero
                } else {
                    pause = retryPolicy.pause(
                        attempt: attempt.number, httpStatus: response.head.status, retryAfter: failure.retryAfter,
                        isIdempotent: request.isIdempotent, random: .random(in: 0..<1))
                }
            } catch {
                failure = error
                if error.isBrokenConnection, request.leavesNoTrace {
                    pause = retryPolicy.pauseAfterBrokenConnection(attempt: attempt.number, random: .random(in: 0..<1))
                }
            }
            guard let pause, ContinuousClock.now + pause < deadline else { throw failure }
            core.metrics.retried(
                verb: request.verb, resource: request.resource,
                code: failure.httpStatus.map { "\($0)" } ?? failure.code.rawValue)
            logger.debug(
                "trying again",
                metadata: ["id": "\(attempt.id)", "request": "\(request.name)", "after": "\(pause)"])
            attempt.number += 1
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw KubernetesError(.cancelled, "the request was cancelled", request: request.name)
            }
        }
    }

    /// One of the times that a request is sent.
    private struct Attempt {
        let id: UInt64
        var number: Int
        let deadline: ContinuousClock.Instant?
    }

    private func send(
        _ request: KubernetesRequest, _ attempt: Attempt
    ) async throws(KubernetesError) -> (response: HTTPResponse, proof: Credentials.Proof) {
        let proof = try await proof(request, attempt.deadline)
        let http = try prepare(request, proof, deadline: attempt.deadline)
        let start = ContinuousClock.now
        do throws(KubernetesError) {
            let response = try await core.transport.get().perform(http)
            note(request, attempt, start, code: "\(response.head.status)")
            tellWarnings(response.head, request)
            return (response, proof)
        } catch {
            note(request, attempt, start, code: error.code.rawValue)
            throw error.during(request.name)
        }
    }

    private func proof(
        _ request: KubernetesRequest, _ deadline: ContinuousClock.Instant?
    ) async throws(KubernetesError) -> Credentials.Proof {
        do throws(KubernetesError) {
            return try await configuration.credentials.proof(until: deadline)
        } catch {
            throw error.during(request.name)
        }
    }

    private func prepare(
        _ request: KubernetesRequest, _ proof: Credentials.Proof, deadline: ContinuousClock.Instant?
    ) throws(KubernetesError) -> HTTPRequest {
        var headers = ["Accept: " + request.accept]
        if let contentType = request.contentType { headers.append("Content-Type: " + contentType) }
        if let authorization = proof.authorization { headers.append("Authorization: " + authorization) }
        if let impersonation = configuration.impersonation { headers += impersonation.headers }
        for field in request.headers { headers.append(field.name + ": " + field.value) }
        guard headers.allSatisfy({ !$0.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 } }) else {
            throw KubernetesError(.configuration, "a header holds a line break", request: request.name)
        }
        let target = request.target
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw KubernetesError(
                .configuration, "the path must begin with / and be percent-encoded", request: request.name)
        }
        let material: TLSMaterial
        do throws(KubernetesError) {
            material = try core.tls.material(proof.plugin)
        } catch {
            throw error.during(request.name)
        }
        let needsBody = request.method == .post || request.method == .put || request.method == .patch
        return HTTPRequest(
            method: request.method.rawValue, target: target, headers: headers,
            body: request.body ?? (needsBody ? [] : nil), deadline: deadline, isReplayable: request.isIdempotent,
            lane: request.lane.map { core.lanes[$0] ?? 0 } ?? laneIndex,
            maximumBodyBytes: configuration.maximumBodyBytes,
            tls: material)
    }

    private func note(
        _ request: KubernetesRequest, _ attempt: Attempt, _ start: ContinuousClock.Instant, code: String
    ) {
        let elapsed = ContinuousClock.now - start
        core.metrics.record(verb: request.verb, resource: request.resource, code: code, elapsed)
        logger.debug(
            "request",
            metadata: [
                "id": "\(attempt.id)", "attempt": "\(attempt.number)", "request": "\(request.name)", "code": "\(code)",
                "took": "\(elapsed)",
            ])
    }

    private func tellWarnings(_ head: HTTPHead, _ request: KubernetesRequest) {
        guard head.mayHold("warning") else { return }
        for field in head.fields where field.name.lowercased() == "warning" {
            for warning in ServerWarning.parse(field.value, request: request.name) { core.onWarning(warning) }
        }
    }

    /// What an error's body may hold that is read from a stream.
    private static let maximumErrorBytes = 1 << 20

    /// As much of an error's body as comes; that the rest does not is no reason to tell less.
    private static func excerpt(_ body: ByteStream) async -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(KubernetesError) {
            for try await chunk in body {
                bytes.append(contentsOf: chunk)
                if bytes.count > maximumErrorBytes { break }
            }
        } catch {
            return bytes
        }
        return bytes
    }
}
