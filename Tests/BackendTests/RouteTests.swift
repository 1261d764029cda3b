import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import Testing

@testable import Backend

@Suite("Routes", .timeLimit(.minutes(10)))
struct RouteTests {
    @Test("/health says ok, also to HEAD, whatever the state")
    func health() async throws {
        let fixture = try BackendFixture()
        try await fixture.routed { client in
            let response = try await client.execute(uri: "/health", method: .get)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "application/json; charset=utf-8")
            #expect(String(buffer: response.body) == "{\"status\":\"ok\",\"version\":\"\(Version.number)\"}")
            let head = try await client.execute(uri: "/health", method: .head)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }

    @Test("/health/ready follows the service's life")
    func readiness() async throws {
        let fixture = try BackendFixture()
        try await fixture.routed { client in
            for (state, status) in [
                (Lifecycle.State.starting, HTTPResponse.Status.serviceUnavailable), (.ready, .ok),
                (.draining, .serviceUnavailable), (.ready, .serviceUnavailable),
            ] {
                fixture.server.lifecycle.advance(to: state)
                let response = try await client.execute(uri: "/health/ready", method: .get)
                #expect(response.status == status)
                #expect(String(buffer: response.body).contains("\"status\":\"\(fixture.server.lifecycle.state)\""))
            }
        }
    }

    @Test("/ names the program and its version")
    func about() async throws {
        try await BackendFixture().routed { client in
            let response = try await client.execute(uri: "/", method: .get)
            #expect(String(buffer: response.body) == "{\"name\":\"chatgpt-backend\",\"version\":\"\(Version.number)\"}")
        }
    }

    @Test("An unknown path is 404 in the error shape")
    func notFound() async throws {
        try await BackendFixture().routed { client in
            let response = try await client.execute(uri: "/api/v1/nothing?token=hunter2", method: .get)
            #expect(response.status == .notFound)
            let error = try #require(response.error)
            #expect(Set(error.keys) == ["message", "type", "code", "param"])
            #expect(error["code"] as? String == "not_found")
            #expect(error["type"] as? String == "invalid_request_error")
            #expect(error["param"] is NSNull)
            #expect(!String(buffer: response.body).contains("hunter2"))
        }
    }

    @Test("A method that a path does not have is 405 and says which it has")
    func methodNotAllowed() async throws {
        try await BackendFixture().routed { client in
            for method in [HTTPRequest.Method.post, .put, .patch, .delete, .trace] {
                let response = try await client.execute(uri: "/health", method: method)
                #expect(response.status == .methodNotAllowed)
                #expect(response.headers[.allow] == "GET, HEAD, OPTIONS")
                #expect(response.error?["code"] as? String == "method_not_allowed")
            }
            let options = try await client.execute(uri: "/health", method: .options)
            #expect(options.status == .noContent)
            #expect(options.headers[.allow] == "GET, HEAD, OPTIONS")
        }
    }

    @Test("A sane request id is kept; any other is replaced")
    func requestIDs() async throws {
        try await BackendFixture().routed { client in
            let kept = try await client.execute(uri: "/", method: .get, headers: [.requestID: "trace-1.2:3_x"])
            #expect(kept.headers[.requestID] == "trace-1.2:3_x")
            for odd in ["", "a b", "<script>", String(repeating: "x", count: 129)] {
                let response = try await client.execute(uri: "/", method: .get, headers: [.requestID: odd])
                let id = try #require(response.headers[.requestID])
                #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil)
            }
            let made = try await client.execute(uri: "/nothing", method: .get)
            #expect(made.headers[.requestID]?.count == 32)
        }
    }

    @Test("Requests for other hosts are refused, probes and scrapes are not")
    func allowedHosts() async throws {
        // The test client's requests are for localhost.
        try await BackendFixture(["ALLOWED_HOSTS": "api.example.com"]).routed { client in
            let refused = try await client.execute(uri: "/", method: .get)
            #expect(refused.status == .badRequest)
            #expect(refused.error?["code"] as? String == "host_not_allowed")
            for path in ["/health", "/health/ready", "/metrics"] {
                #expect(try await client.execute(uri: path, method: .get).status != .badRequest)
            }
        }
        try await BackendFixture(["ALLOWED_HOSTS": "localhost"]).routed { client in
            let response = try await client.execute(uri: "/", method: .get)
            #expect(response.status == .ok)
        }
    }

    @Test("A listed origin gets its preflight and readable answers, errors included; others get nothing")
    func cors() async throws {
        let origin = "https://app.example.com"
        try await BackendFixture(["CORS_ORIGINS": origin]).routed { client in
            let preflight = try await client.execute(
                uri: "/api/v1/anything", method: .options,
                headers: [.origin: origin, .accessControlRequestMethod: "POST"])
            #expect(preflight.status == .noContent)
            #expect(preflight.headers[.accessControlAllowOrigin] == origin)
            #expect(preflight.headers[.accessControlAllowCredentials] == "true")
            #expect(preflight.headers[.accessControlAllowMethods]?.contains("POST") == true)
            #expect(preflight.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)

            let error = try await client.execute(uri: "/nothing", method: .get, headers: [.origin: origin])
            #expect(error.status == .notFound)
            #expect(error.headers[.accessControlAllowOrigin] == origin)
            #expect(error.headers[.vary] == "Origin")

            let foreign = try await client.execute(
                uri: "/", method: .options,
                headers: [.origin: "https://evil.example", .accessControlRequestMethod: "POST"])
            #expect(foreign.headers[.accessControlAllowOrigin] == nil)
            #expect(foreign.headers[.accessControlAllowMethods] == nil)
        }
    }

    @Test("Every origin is let in without credentials, and none when nothing is set")
    func corsExtremes() async throws {
        try await BackendFixture(["CORS_ORIGINS": "*"]).routed { client in
            let response = try await client.execute(uri: "/", method: .get, headers: [.origin: "https://any.example"])
            #expect(response.headers[.accessControlAllowOrigin] == "*")
            #expect(response.headers[.accessControlAllowCredentials] == nil)
        }
        try await BackendFixture().routed { client in
            let response = try await client.execute(uri: "/", method: .get, headers: [.origin: "https://any.example"])
            #expect(response.headers[.accessControlAllowOrigin] == nil)
            #expect(response.headers[.vary] == nil)
        }
    }

    @Test("A body above 10 MB is 413 wherever it is sent, one of 10 MB is not")
    func bodyLimit() async throws {
        try await BackendFixture().routed(addRoutes: Self.addUpload) { client in
            let exact = ByteBuffer(repeating: 0, count: Settings.defaultBodySize)
            let taken = try await client.execute(uri: "/upload", method: .post, body: exact)
            #expect(String(buffer: taken.body) == "\(Settings.defaultBodySize)")
            let large = ByteBuffer(repeating: 0, count: Settings.defaultBodySize + 1)
            for path in ["/upload", "/nothing"] {
                let response = try await client.execute(uri: path, method: .post, body: large)
                #expect(response.status == .contentTooLarge)
                #expect(response.error?["code"] as? String == "body_too_large")
            }
        }
    }

    @Test("An internal error says nothing of its cause, except in debugging, and the log has it")
    func internalErrors() async throws {
        struct Leak: Error, CustomStringConvertible { let description = "password is hunter2" }
        let addRoutes = { (router: Router<BackendRequestContext>) in
            router.get("/boom") { _, _ -> String in throw Leak() }
            return
        }
        let log = try CapturedLog()
        try await BackendFixture(logger: log.logger).routed(addRoutes: addRoutes) { client in
            let response = try await client.execute(uri: "/boom", method: .get)
            #expect(response.status == .internalServerError)
            #expect(response.error?["type"] as? String == "server_error")
            #expect(!String(buffer: response.body).contains("hunter2"))
        }
        #expect(
            try log.lines().contains {
                $0["level"] as? String == "error" && $0["error"] as? String == "password is hunter2"
            })
        try await BackendFixture(["DEBUG": "true"]).routed(addRoutes: addRoutes) { client in
            let response = try await client.execute(uri: "/boom", method: .get)
            #expect(String(buffer: response.body).contains("hunter2"))
        }
    }

    @Test("Requests are counted by status, method and route, never by path")
    func metrics() async throws {
        try await BackendFixture().routed { client in
            for path in ["/health", "/health", "/nothing/1", "/nothing/2"] {
                _ = try await client.execute(uri: path, method: .get)
            }
            _ = try await client.execute(uri: "/health", method: HTTPRequest.Method("BREW") ?? .trace)
            let response = try await client.execute(uri: "/metrics", method: .get)
            #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            let text = String(buffer: response.body)
            for line in [
                "http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 2",
                "http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 2",
                "http_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"} 1",
                "http_request_duration_seconds_count{method=\"GET\",route=\"/health\"} 2", "http_requests_in_flight 1",
            ] {
                #expect(text.contains("\(line)\n"))
            }
            #expect(!text.contains("nothing"))
        }
    }

    @Test("The log has a line for each request, with its id and without its query; probes only in debugging")
    func accessLog() async throws {
        let log = try CapturedLog()
        try await BackendFixture(logger: log.logger).routed { client in
            _ = try await client.execute(
                uri: "/?api_key=hunter2", method: .get, headers: [.requestID: "abc", .authorization: "Bearer hunter2"])
            _ = try await client.execute(uri: "/health", method: .get)
        }
        let requests = try log.lines().filter { $0["message"] as? String == "request" }
        #expect(requests.count == 1)
        let line = try #require(requests.first)
        #expect(line["request_id"] as? String == "abc")
        #expect(line["method"] as? String == "GET")
        #expect(line["path"] as? String == "/")
        #expect(line["status"] as? Int == 200)
        #expect(line["duration_ms"] is Double)
        #expect(!(try log.text().contains("hunter2")))
    }

    static func addUpload(_ router: Router<BackendRequestContext>) {
        router.post("/upload") { request, context in
            let body = try await request.body.collect(upTo: context.maxUploadSize)
            return "\(body.readableBytes)"
        }
    }
}

/// A logger whose lines can be read back.
final class CapturedLog: Sendable {
    let logger: Logger
    private let path: String
    private let file: FileHandle

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let output = LogOutput(fileDescriptor: file.fileDescriptor)
        logger = Logger(label: "test") { LogFormat.json.handler(label: $0, output: output) }
    }

    deinit {
        try? file.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func text() throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    func lines() throws -> [[String: Any]] {
        try text().split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }
}
