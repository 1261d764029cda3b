import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Observability
import Testing

@testable import Backend

@Suite("The upstream client", .timeLimit(.minutes(10)))
struct UpstreamClientTests {
    private let request = UpstreamFixture.request

    private func code(_ body: () async throws -> Void) async -> UpstreamError.Code? {
        do { try await body() } catch { return (error as? UpstreamError)?.code }
        return nil
    }

    @Test("A request carries the key, the path behind the base address, and its body")
    func request() async throws {
        try await ScriptedUpstream.run { _ in
            .completion
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                let answer = try await client.send(UpstreamFixture.request)
                #expect(answer.status == .ok)
                #expect(try await answer.body.text().contains("Hello"))
                let got = try #require(upstream.requests.first)
                #expect(got.path == "/v1/chat/completions")
                #expect(got.headers.first(name: "authorization") == "Bearer sk-secret")
                #expect(got.body == #"{"model":"m"}"#)
            }
        }
    }

    @Test("A 5xx is tried again, at another server first", arguments: [500, 502, 503, 504])
    func retriesElsewhere(status: Int) async throws {
        let failing: @Sendable (ScriptedRequest) -> ScriptedAnswer = { _ in
            .json("{}", status: .init(statusCode: status), headers: ["retry-after": "0"])
        }
        try await ScriptedUpstream.run(failing) { bad in
            try await ScriptedUpstream.run { _ in
                .completion
            } _: { good in
                try await UpstreamFixture.run([bad, good]) { (client, registry) async throws in
                    for _ in 0..<4 { #expect(try await client.send(request).status == .ok) }
                    #expect(good.requests.count == 4)
                    #expect(bad.requests.count == 2)
                    #expect(registry.counter("upstream_retries_total").value == 2)
                }
            }
        }
    }

    @Test("A 429 waits for as long as the server asks, if there is no other")
    func retryAfter() async throws {
        try await ScriptedUpstream.run { request in
            request.number == 0 ? .json("{}", status: .tooManyRequests, headers: ["retry-after": "1"]) : .completion
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                let start = ContinuousClock.now
                #expect(try await client.send(request).status == .ok)
                #expect(ContinuousClock.now - start >= .seconds(1))
                #expect(upstream.requests.count == 2)
            }
        }
    }

    @Test("A Retry-After beyond what anybody waits for is passed on at once")
    func longRetryAfter() async throws {
        try await ScriptedUpstream.run { _ in
            .json("{}", status: .tooManyRequests, headers: ["retry-after": "3600"])
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                let answer = try await client.send(request)
                #expect(answer.status == .tooManyRequests)
                #expect(answer.headers.first(name: "retry-after") == "3600")
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test("A 400 and a redirect are answers: neither tried again nor followed", arguments: [400, 404, 302])
    func finalAnswers(status: Int) async throws {
        try await ScriptedUpstream.run { _ in
            .json("{}", status: .init(statusCode: status), headers: ["location": "http://127.0.0.1:1/"])
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                #expect(try await client.send(request).status.code == status)
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test("A server that cannot be reached is passed over")
    func unreachable() async throws {
        try await ScriptedUpstream.run { _ in
            .completion
        } _: { upstream in
            let urls = "http://127.0.0.1:1/v1,\(upstream.url)"
            try await UpstreamFixture.run([], ["OPENAI_BASE_URL": urls]) { (client, _) async throws in
                for _ in 0..<4 { #expect(try await client.send(request).status == .ok) }
            }
        }
        try await UpstreamFixture.run([], ["OPENAI_BASE_URL": "http://127.0.0.1:1/v1"]) { (client, _) async throws in
            #expect(await code { _ = try await client.send(request) } == .unreachable)
        }
    }

    @Test("Requests are spread by weight")
    func weights() async throws {
        try await ScriptedUpstream.run { _ in
            .completion
        } _: { heavy in
            try await ScriptedUpstream.run { _ in
                .completion
            } _: { light in
                let urls = "\(heavy.url);weight=3,\(light.url)"
                try await UpstreamFixture.run([], ["OPENAI_BASE_URL": urls, "OPENAI_API_KEY": "one,two"]) {
                    (client, _) async throws in
                    for _ in 0..<8 { _ = try await client.send(request).body.text() }
                    #expect(heavy.requests.count == 6)
                    #expect(light.requests.count == 2)
                    #expect(light.requests.first?.headers.first(name: "authorization") == "Bearer two")
                }
            }
        }
    }

    @Test("A slow head is an error once the attempt's time is over")
    func slowHead() async throws {
        try await ScriptedUpstream.run { _ in
            .silence
        } _: { upstream in
            let variables = ["UPSTREAM_RESPONSE_TIMEOUT": "0.2", "UPSTREAM_MAX_ATTEMPTS": "2"]
            try await UpstreamFixture.run([upstream], variables) { (client, _) async throws in
                #expect(await code { _ = try await client.send(request) } == .responseTimeout)
                #expect(upstream.requests.count == 2)
                #expect(await eventually { upstream.openCount == 0 })
            }
        }
    }

    @Test("A stream that stands still is an error once the idle time is over, and is not tried again")
    func stall() async throws {
        try await ScriptedUpstream.run { _ in
            .events([.send(ScriptedAnswer.chunk("a")), .stall])
        } _: { upstream in
            let variables = ["UPSTREAM_RESPONSE_TIMEOUT": "0.3", "UPSTREAM_IDLE_TIMEOUT": "0.3"]
            try await UpstreamFixture.run([upstream], variables) { (client, _) async throws in
                let answer = try await client.send(request)
                #expect(await code { _ = try await answer.body.text() } == .idleTimeout)
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test("A stream whose pieces come in time may last longer than the idle time")
    func slowStream() async throws {
        let steps = (0..<4).flatMap { _ in
            [ScriptedAnswer.Step.send(ScriptedAnswer.chunk("a")), .wait(.seconds(1))]
        }
        try await ScriptedUpstream.run { _ in
            .events(steps)
        } _: { upstream in
            let variables = ["UPSTREAM_RESPONSE_TIMEOUT": "3", "UPSTREAM_IDLE_TIMEOUT": "3"]
            try await UpstreamFixture.run([upstream], variables) { (client, _) async throws in
                let text = try await client.send(request).body.text()
                #expect(text.split(separator: "data: ").count == 4)
            }
        }
    }

    @Test("A stream that goes on and on ends with the total time")
    func totalTimeout() async throws {
        let steps = (0..<1000).flatMap { _ in
            [ScriptedAnswer.Step.send(ScriptedAnswer.chunk("a")), .wait(.milliseconds(20))]
        }
        try await ScriptedUpstream.run { _ in
            .events(steps)
        } _: { upstream in
            let variables = ["UPSTREAM_RESPONSE_TIMEOUT": "0.4", "UPSTREAM_TOTAL_TIMEOUT": "0.4"]
            try await UpstreamFixture.run([upstream], variables) { (client, _) async throws in
                let answer = try await client.send(request)
                #expect(await code { _ = try await answer.body.text() } == .totalTimeout)
                #expect(await eventually { upstream.abandonedCount == 1 })
            }
        }
    }

    @Test("A connection that breaks in the middle of an answer is an error")
    func cut() async throws {
        try await ScriptedUpstream.run { _ in
            .events([.send(ScriptedAnswer.chunk("a")), .cut])
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                let answer = try await client.send(request)
                #expect(await code { _ = try await answer.body.text() } == .connectionLost)
            }
        }
    }

    @Test("Cancelling before the head closes the connection")
    func cancelBeforeHead() async throws {
        try await ScriptedUpstream.run { _ in
            .silence
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                let task = Task { try await client.send(UpstreamFixture.request) }
                #expect(await eventually { upstream.openCount == 1 })
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                #expect(await eventually { upstream.abandonedCount == 1 && upstream.openCount == 0 })
            }
        }
    }

    @Test("Dropping the body closes the connection, read or not", arguments: [true, false])
    func dropBody(isRead: Bool) async throws {
        try await ScriptedUpstream.run { _ in
            .events([.send(ScriptedAnswer.chunk("a")), .stall])
        } _: { upstream in
            try await UpstreamFixture.run([upstream]) { (client, _) async throws in
                func use() async throws {
                    let answer = try await client.send(request)
                    guard isRead else { return }
                    var iterator = answer.body.makeAsyncIterator()
                    #expect(try await iterator.next() != nil)
                }
                try await use()
                #expect(await eventually { upstream.abandonedCount == 1 })
            }
        }
    }

    @Test("A server that fails again and again is left alone, then probed, then used again")
    func breaker() async throws {
        let breaker = CircuitBreaker.Configuration(threshold: 2, openTime: .milliseconds(200))
        try await ScriptedUpstream.run { request in
            request.number < 2 ? .json("{}", status: .internalServerError) : .completion
        } _: { upstream in
            let variables = ["UPSTREAM_MAX_ATTEMPTS": "1"]
            try await UpstreamFixture.run([upstream], variables, breaker: breaker) { (client, _) async throws in
                for _ in 0..<2 { #expect(try await client.send(request).status == .internalServerError) }
                #expect(await code { _ = try await client.send(request) } == .circuitOpen)
                #expect(await client.state() == .degraded("every upstream server is failing"))
                #expect(upstream.requests.count == 2)
                #expect(await eventually { (try? await client.send(request).status) == .ok })
                #expect(await client.state() == .ok)
            }
        }
    }

    @Test("No error says a key or an address")
    func secrets() async throws {
        try await UpstreamFixture.run([], ["OPENAI_BASE_URL": "http://127.0.0.1:1/v1"]) { (client, _) async throws in
            do {
                _ = try await client.send(request)
                Issue.record("nothing listens there")
            } catch {
                #expect(!"\(error)".contains("127.0.0.1") && !"\(error)".contains("sk-secret"))
                #expect(!String(reflecting: error).contains("sk-secret"))
            }
        }
    }

    @Test("Without a key there is a clear refusal in production, and the echo model in development")
    func notConfigured() async throws {
        let production = ["ENVIRONMENT": "production", "SECRET_KEY": "0123456789abcdef0123456789abcdef"]
        let client = UpstreamClient(
            settings: try Settings(variables: production).upstream, registry: PrometheusRegistry(),
            logger: .init(label: "t"))
        #expect(await code { _ = try await client.send(request) } == .notConfigured)
        let echo = UpstreamClient(
            settings: try Settings(variables: [:]).upstream, registry: PrometheusRegistry(), logger: .init(label: "t"))
        let body = #"{"model":"echo","stream":true,"messages":[{"role":"user","content":"one two"}]}"#
        let answer = try await echo.send(UpstreamRequest(path: "/chat/completions", body: ByteBuffer(string: body)))
        let text = try await answer.body.text()
        #expect(text.contains(#""content":"one""#) && text.contains(#""content":" two""#))
        #expect(text.hasSuffix("data: [DONE]\n\n"))
    }
}
