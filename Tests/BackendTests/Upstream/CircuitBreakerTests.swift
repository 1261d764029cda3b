import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing

@testable import Backend

@Suite("Choosing a server", .timeLimit(.minutes(10)))
struct CircuitBreakerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test("The circuit opens after failures in a row, lets one probe through, and opens for longer when it fails")
    func breaker() {
        var breaker = CircuitBreaker(configuration: .init(threshold: 3, openTime: .seconds(5)))
        for _ in 0..<2 { breaker.record(.failure, at: start) }
        breaker.record(.success, at: start)
        for _ in 0..<2 { breaker.record(.failure, at: start) }
        #expect(breaker.allows(at: start))
        breaker.record(.failure, at: start)
        #expect(!breaker.allows(at: start + .seconds(4)))
        #expect(breaker.allows(at: start + .seconds(5)))
        breaker.begin(at: start + .seconds(5))
        #expect(!breaker.allows(at: start + .seconds(5)))
        breaker.record(.failure, at: start + .seconds(6))
        #expect(!breaker.allows(at: start + .seconds(15)))
        #expect(breaker.allows(at: start + .seconds(16)))
        breaker.begin(at: start + .seconds(16))
        breaker.record(.success, at: start + .seconds(16))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test("A probe whose client goes away leaves the next request to be the probe")
    func abandonedProbe() {
        var breaker = CircuitBreaker(configuration: .init(threshold: 1, openTime: .seconds(5)))
        breaker.record(.failure, at: start)
        breaker.begin(at: start + .seconds(5))
        breaker.record(.abandoned, at: start + .seconds(5))
        #expect(breaker.allows(at: start + .seconds(5)))
    }

    @Test("Shares follow the weights, evenly spread")
    func weights() throws {
        let urls = try UpstreamServer.list(parsing: "http://a/v1;weight=3, http://b/v1")
        var pool = ServerPool(servers: urls)
        var choices: [Int] = []
        for _ in 0..<8 {
            guard case .server(let index) = pool.choose(avoiding: [], at: start) else { continue }
            choices.append(index)
        }
        #expect(choices == [0, 0, 1, 0, 0, 0, 1, 0])
    }

    @Test("A server that asked to be left alone is asked only when there is no other")
    func resting() throws {
        var pool = ServerPool(servers: try UpstreamServer.list(parsing: "http://a/v1,http://b/v1"))
        pool.rest(0, until: start + .seconds(10))
        let choices = (0..<3).map { _ in pool.choose(avoiding: [], at: start) }
        #expect(choices == [.server(1), .server(1), .server(1)])
        let last = pool.choose(avoiding: [1], at: start)
        #expect(last == .server(1))
        #expect(pool.rest(of: 0, at: start) == .seconds(10))
    }

    @Test(
        "Retry-After is read in seconds, milliseconds and as a date",
        arguments: [
            ("retry-after", "7", TimeAmount.seconds(7)), ("retry-after-ms", "250", .milliseconds(250)),
            ("retry-after", "Thu, 01 Jan 1970 00:00:30 GMT", .seconds(20)), ("retry-after", "soon", nil),
            ("retry-after", "-1", nil), ("other", "1", nil),
        ] as [(String, String, TimeAmount?)])
    func retryAfter(name: String, value: String, expected: TimeAmount?) {
        let headers = HTTPHeaders([(name, value)])
        #expect(RetryPolicy.retryAfter(headers, now: .init(timeIntervalSince1970: 10)) == expected)
    }

    @Test(
        "A list of addresses that cannot be right is refused",
        arguments: ["http://a/v1,", "http://a/v1;weight=0", "http://a/v1;w=1", "http://a/v1,http://a/v1/", "a,b"])
    func badLists(text: String) {
        #expect(throws: InvalidValue.self) { try UpstreamServer.list(parsing: text) }
    }

    @Test("Keys are one for all, or one for each address")
    func keys() throws {
        let two = "http://a/v1,http://b/v1"
        let shared = try Settings(variables: ["OPENAI_BASE_URL": two, "OPENAI_API_KEY": "k"])
        guard case .servers(let servers) = shared.upstream.source else {
            Issue.record("no servers")
            return
        }
        #expect(servers.map(\.key) == [Secret("k"), Secret("k")])
        #expect(throws: ConfigurationError.self) {
            try Settings(variables: ["OPENAI_BASE_URL": two, "OPENAI_API_KEY": "a,b,c"])
        }
    }
}
