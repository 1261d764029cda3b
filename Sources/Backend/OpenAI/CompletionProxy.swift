import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Observability

/// Passes requests on to a model's server and its answers back, as they come.
///
/// What it adds: who may ask and how much, the usage in the ledger, and errors that say nothing of what lies behind.
struct CompletionProxy: Sendable {
    /// The largest answer that is not a stream: the vectors of a large batch are some tens of megabytes.
    static let answerLimit = 128 * 1024 * 1024

    let client: UpstreamClient
    let authenticator: any Authenticator
    let limits: UsageLimits
    let ledger: UsageLedger
    let metrics: CompletionMetrics

    func answer(
        to request: Request, _ endpoint: ProxyEndpoint, _ context: BackendRequestContext
    ) async throws -> Response {
        let start = ContinuousClock.now
        let caller = try await authenticator.caller(authorization: request.headers[.authorization])
        let body = try await request.body.collect(upTo: BackendRequestContext.bodyLimit)
        let (asked, admission) = try await admit(body, endpoint, caller)
        let exchange = ProxyExchange(
            caller: caller, request: asked, admission: admission, start: start, metrics: metrics, ledger: ledger)

        let answer: UpstreamResponse
        let sent = ContinuousClock.now
        do {
            answer = try await send(asked, asked.body(from: body), request, context)
        } catch let error as UpstreamError {
            await exchange.finish(.none, .zero, .failed)
            context.logger.warning("no answer from upstream", metadata: ["reason": "\(String(reflecting: error))"])
            throw APIError(error)
        } catch is CancellationError {
            // The model may have begun: what was asked counts.
            await exchange.finish(
                TokenUsage(promptTokens: asked.estimatedPromptTokens, completionTokens: 0), .estimated, .disconnected)
            return Response(status: .clientClosedRequest)
        }
        metrics.addedOverhead.observe(sent - start)

        guard answer.status.kind == .successful else { return try await refusal(answer, exchange) }
        if answer.isEventStream { return stream(answer, exchange, context) }
        return try await whole(answer, exchange, context, sent: sent)
    }

    /// Reads the request and charges it to the caller's limits. One that is refused is in the ledger as well: it used nothing.
    private func admit(
        _ body: ByteBuffer, _ endpoint: ProxyEndpoint, _ caller: Caller
    ) async throws -> (ProxyRequest, UsageAdmission) {
        var model = Self.unreadModel
        do {
            let asked = try ProxyRequest(endpoint, body: body)
            model = asked.model
            let tokens = asked.estimatedPromptTokens + asked.maximumCompletionTokens
            return (asked, try await limits.admit(caller, estimatedTokens: tokens))
        } catch {
            ledger.recordRefusal(
                UsageRecord(
                    caller: caller, endpoint: endpoint.servicePath, model: model, usage: .none, source: .zero,
                    outcome: .failed))
            throw error
        }
    }

    /// What the ledger has for the model of a request that names none, or cannot be read.
    private static let unreadModel = "unknown"

    private func send(
        _ asked: ProxyRequest, _ body: ByteBuffer, _ request: Request, _ context: BackendRequestContext
    ) async throws -> UpstreamResponse {
        var headers = HTTPHeaders()
        headers.add(name: "accept", value: asked.isStreamed ? "text/event-stream" : "application/json")
        // What OpenAI's clients say of a request beside its body; all else is between them and this service.
        if let beta = request.headers[.openAIBeta] { headers.add(name: "openai-beta", value: beta) }
        headers.add(name: "x-request-id", value: context.requestID.description)
        let upstream = UpstreamRequest(path: asked.endpoint.path, headers: headers, body: body)
        return try await context.whileClientIsHere { [client] in try await client.send(upstream) }
    }

    private func refusal(_ answer: UpstreamResponse, _ exchange: ProxyExchange) async throws -> Response {
        // What cannot be read of an error is left out of it.
        let body = (try? await answer.body.collect(upTo: UpstreamFailure.bodyLimit)) ?? ByteBuffer()
        await exchange.finish(.none, .zero, .failed)
        var response = UpstreamFailure(
            status: answer.status, headers: answer.headers, body: body, secrets: client.settings.secrets
        ).response()
        exchange.admission.addHeaders(to: &response.headers)
        return response
    }

    private func whole(
        _ answer: UpstreamResponse, _ exchange: ProxyExchange, _ context: BackendRequestContext,
        sent: ContinuousClock.Instant
    ) async throws -> Response {
        let body: ByteBuffer
        do {
            if let complete = answer.body.collectIfComplete(upTo: Self.answerLimit) {
                body = complete
            } else {
                body = try await context.whileClientIsHere { try await answer.body.collect(upTo: Self.answerLimit) }
            }
        } catch let error as UpstreamError {
            await exchange.finish(exchange.estimate(completionBytes: 0), .estimated, .failed)
            throw APIError(error)
        } catch is CancellationError {
            await exchange.finish(exchange.estimate(completionBytes: 0), .estimated, .disconnected)
            return Response(status: .clientClosedRequest)
        }
        if let usage = UsageScan.usage(in: body) {
            await exchange.finish(usage, .reported, .completed)
        } else {
            await exchange.finish(exchange.estimate(completionBytes: body.readableBytes), .estimated, .completed)
        }
        var headers: HTTPFields = [
            .contentType: answer.headers.first(name: "content-type") ?? "application/json",
            .openAIProcessingMilliseconds: String(Int((ContinuousClock.now - sent) / .milliseconds(1))),
        ]
        exchange.admission.addHeaders(to: &headers)
        return Response(status: answer.status, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}

extension HTTPField.Name {
    /// How long the model's server took.
    fileprivate static let openAIProcessingMilliseconds = known("openai-processing-ms")
    fileprivate static let openAIBeta = known("OpenAI-Beta")

    static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("a header's name is a token") }
        return name
    }
}
