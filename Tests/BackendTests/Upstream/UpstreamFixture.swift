import Logging
import NIOCore
import Observability
import ServiceLifecycle
import Testing

@testable import Backend

/// A client of scripted servers.
struct UpstreamFixture {
    /// Runs a client with these variables for the time of `test`.
    static func run<Value: Sendable>(
        _ servers: [ScriptedUpstream], _ variables: [String: String] = [:],
        breaker: CircuitBreaker.Configuration = .init(),
        _ test: @Sendable (UpstreamClient, PrometheusRegistry) async throws -> Value
    ) async throws -> Value {
        let urls = servers.map(\.url).joined(separator: ",")
        let settings = try Settings(
            variables: variables.merging(["OPENAI_BASE_URL": urls, "OPENAI_API_KEY": "sk-secret"]) { given, _ in given }
        )
        let registry = PrometheusRegistry()
        let client = UpstreamClient(
            settings: settings.upstream, registry: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, breaker: breaker)
        let group = ServiceGroup(services: [client], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        let result: Result<Value, any Error>
        do { result = .success(try await test(client, registry)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        return try result.get()
    }

    static let request = UpstreamRequest(path: "/chat/completions", body: ByteBuffer(string: #"{"model":"m"}"#))
}

extension UpstreamBody {
    /// All of it as text.
    func text() async throws -> String { String(buffer: try await collect(upTo: 1 << 20)) }
}
