@testable import K8sClient
import Logging
import MetricsTestKit
import Testing

@Suite("What a client counts and logs")
struct ClientMetricsTests {
    @Test("Requests are counted by verb, resource and code, their time measured, retries counted")
    func requests() async throws {
        let server = try FaultServer { [count = Counter()] request in
            if request.method == "DELETE" { return .status(404, "NotFound", "no") }
            return count.next() == 1
                ? .status(429, "TooManyRequests", "slow down", headers: ["Retry-After": "0"])
                : .json(200, configMap("secret-name", version: 1))
        }
        let metrics = TestMetrics()
        let client = KubernetesClient(configuration: .init(server: server.url), metrics: metrics)
        for _ in 0..<2 { _ = try await client.get(.configMaps, "secret-name", namespace: "default") }
        try await client.deleteIfPresent(.configMaps, "secret-name", namespace: "default")
        func total(_ verb: String, _ code: String) throws -> Int64 {
            try metrics.expectCounter(
                "kubernetes_client_requests_total", [("verb", verb), ("resource", "configmaps"), ("code", code)]
            ).totalValue
        }
        #expect(try total("get", "200") == 2)
        #expect(try total("get", "429") == 1)
        #expect(try total("delete", "404") == 1)
        let timer = try metrics.expectTimer(
            "kubernetes_client_request_duration_seconds", [("verb", "get"), ("resource", "configmaps")])
        #expect(timer.values.count == 3)
        let retries = try metrics.expectCounter(
            "kubernetes_client_retries_total", [("verb", "get"), ("resource", "configmaps"), ("code", "429")])
        #expect(retries.totalValue == 1)
    }

    @Test("Watches that begin anew are counted by resource and reason")
    func watches() async throws {
        let server = try FaultServer { [watches = Counter()] request in
            guard request.query["watch"] != nil else { return .list([], version: "5") }
            switch watches.next() {
            case 1: return .watch([bookmark(version: 6)])
            case 2: return .status(410, "Expired", "too old")
            case 3: return .watch(["<html>"])
            case 4: return .status(403, "Forbidden", "no")
            default: return .watch([event("ADDED", configMap("a", version: 7))]) { $0.waitForClose() }
            }
        }
        let metrics = TestMetrics()
        let client = KubernetesClient(configuration: .init(server: server.url), metrics: metrics)
        var tuning = WatchTuning()
        tuning.backoff = .init(base: .milliseconds(1), maximum: .milliseconds(10), healthyWatch: .seconds(60))
        var changes = Watcher<JSONValue>(
            client, .configMaps, namespace: nil, .init(), .full, tuning: tuning, onError: { _ in },
            convert: { $0.value }
        ).makeAsyncIterator()
        while case .restarted? = await changes.next() {}
        for reason in ["closed", "expired", "invalidResponse", "refused"] {
            let counter = try metrics.expectCounter(
                "kubernetes_client_watch_restarts_total", [("resource", "configmaps"), ("reason", reason)])
            #expect(counter.totalValue == 1, "\(reason)")
        }
    }

    @Test("At debug each attempt is logged with its request's id, and nothing of it with credentials")
    func log() async throws {
        let server = try FaultServer { [count = Counter()] _ in
            count.next() == 1
                ? .status(503, "ServiceUnavailable", "starting") : .json(200, configMap("a", version: 1))
        }
        let lines = Recorder<String>()
        var logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
        logger.logLevel = .debug
        let client = KubernetesClient(
            configuration: .init(server: server.url, credentials: .token("s3cr3t")), logger: logger)
        for _ in 0..<2 { _ = try await client.get(.configMaps, "a", namespace: "default") }
        let attempts = lines.all.filter { $0.hasPrefix("request ") }.map { line in
            line.split(separator: " ").filter { field in
                ["attempt=", "code=", "id="].contains { field.hasPrefix($0) }
            }.joined(separator: " ")
        }
        #expect(attempts == ["attempt=1 code=503 id=1", "attempt=2 code=200 id=1", "attempt=1 code=200 id=2"])
        #expect(lines.all.contains { $0.hasPrefix("trying again") && $0.contains("id=1") })
        #expect(!lines.all.contains { $0.contains("s3cr3t") })
    }
}
