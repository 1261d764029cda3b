import Foundation
@testable import K8sClient
import Logging
import Testing

/// Whatever bytes a server answers, the caller gets an answer or one error that names the request, in time.
@Suite("Malformed answers")
struct MalformedAnswerTests {
    /// One way to ask, with the answer that would be right.
    private struct Call: Sendable {
        let name: String
        let request: String
        let answer: JSONValue
        let carryOut: @Sendable (KubernetesClient) async throws(KubernetesError) -> Void

        init(
            _ name: String, _ request: String, _ answer: JSONValue,
            _ carryOut: @escaping @Sendable (KubernetesClient) async throws(KubernetesError) -> Void
        ) {
            (self.name, self.request, self.answer, self.carryOut) = (name, request, answer, carryOut)
        }
    }

    private static let object = configMap("a", version: 7, data: ["größe": "1", "text": "line\nline"])

    private static let path = "/api/v1/namespaces/default/configmaps"

    private static let calls: [Call] = [
        Call("get", "GET \(path)/a", object) { client throws(KubernetesError) in
            _ = try await client.get(.configMaps, "a", namespace: "default", as: ConfigMap.self)
        },
        Call("get dynamic", "GET \(path)/a", object) { client throws(KubernetesError) in
            _ = try await client.get(.configMaps, "a", namespace: "default", as: Preserving<ConfigMap>.self)
        },
        Call(
            "list", "GET \(path)",
            [
                "kind": "ConfigMapList", "apiVersion": "v1", "metadata": ["resourceVersion": "9"],
                "items": [object, object],
            ]
        ) { client throws(KubernetesError) in
            _ = try await client.list(.configMaps, namespace: "default", as: ConfigMap.self)
        },
        Call("create", "POST \(path)", object) { client throws(KubernetesError) in
            try await client.create(.configMaps, object)
        },
        Call("apply", "PATCH \(path)/a", object) { client throws(KubernetesError) in
            try await client.apply(.configMaps, object, .init(fieldManager: "m"))
        },
        Call("delete", "DELETE \(path)/a", ["kind": "Status", "apiVersion": "v1", "status": "Success"]) {
            client throws(KubernetesError) in
            try await client.delete(.configMaps, "a", namespace: "default")
        },
        Call("version", "GET /version", ["gitVersion": "v1.36.0", "major": "1", "minor": "36"]) {
            client throws(KubernetesError) in
            _ = try await client.version()
        },
        Call(
            "watch", "GET \(path)",
            ["type": "ADDED", "object": object]
        ) { client throws(KubernetesError) in
            let request = KubernetesRequest.watch(
                .configMaps, namespace: "default", .init(), resourceVersion: "1", timeoutSeconds: 1, .full)
            var lines = LineSplitter(limit: 1 << 20)
            do throws(KubernetesError) {
                for try await chunk in try await client.stream(request, idleTimeout: .seconds(2)) {
                    lines.append(chunk)
                    while let line = try lines.next() {
                        if !line.isEmpty { _ = try WatchEvent(parsing: line.span) }
                    }
                }
            } catch {
                throw error.during(request.name)
            }
        },
    ]

    /// Sends an answer to each way of asking; what comes of it must be as promised.
    private func check(
        _ call: Call, _ bytes: [UInt8], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let server = try FaultServer { _ in .custom { $0.write(bytes) } }
        defer { server.stop() }
        let client = KubernetesClient(
            configuration: .init(
                server: server.url, requestTimeout: .seconds(20), maximumBodyBytes: 4 << 20),
            logger: .init(label: "test"), retryPolicy: RetryPolicy(maximumAttempts: 1, maximumConnectionAttempts: 1))
        do throws(KubernetesError) {
            try await call.carryOut(client)
        } catch {
            #expect(error.request == call.request, "\(call.name), \(what): \(error)", sourceLocation: sourceLocation)
            #expect(
                [.api, .connection, .invalidResponse].contains(error.code), "\(call.name), \(what): \(error)",
                sourceLocation: sourceLocation)
        }
    }

    private static func answer(_ body: [UInt8], head: String = "HTTP/1.1 200 OK") -> [UInt8] {
        Array("\(head)\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    @Test(
        "Answers that are wrong in ways that people have thought of",
        arguments: [
            "", "\r\n\r\n", "HTTP/1.1", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n", "HTTP/9.9 200 OK\r\n\r\n{}",
            "HTTP/1.1 99999 X\r\n\r\n", "HTTP/1.1 -1 X\r\n\r\n", "HTTP/1.1 0 X\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
            "HTTP/1.1 301 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 500 X\r\nContent-Length: 17\r\n\r\n{\"kind\":\"Status\"}",
            "HTTP/1.1 429 X\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 503 X\r\nRetry-After: -1\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nWarning: 299 - \"\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n: \r\n\u{0}\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nSet-Cookie: \u{1}\u{7F}\r\nContent-Length: 3\r\n\r\n\u{FEFF}",
        ])
    func table(text: String) async throws {
        for call in Self.calls { try await check(call, Array(text.utf8), text.debugDescription) }
    }

    @Test(
        "Documents that are JSON and not what was asked for",
        arguments: [
            #"{"kind":"ConfigMap"}"#, #"{"kind":7}"#, #"{"kind":"ConfigMap","metadata":[]}"#,
            #"{"kind":"ConfigMap","metadata":{"name":{}}}"#, #"{"kind":"ConfigMap","metadata":null,"data":null}"#,
            #"{"kind":"ConfigMap","metadata":{"name":"a","generation":1e400}}"#,
            #"{"kind":"ConfigMapList"}"#, #"{"kind":"ConfigMapList","items":{}}"#,
            #"{"kind":"ConfigMapList","items":[1,null]}"#, #"{"kind":"ConfigMapList","items":null,"metadata":7}"#,
            #"{"kind":"ConfigMapList","items":[],"metadata":{"continue":{}}}"#,
            #"{"kind":"Status","code":"x","details":{"causes":7}}"#, #"{"gitVersion":1}"#,
            #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":7}"#, #"{"type":"ERROR","object":{"code":"x"}}"#,
            #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":{}}}}"#, #"{"type":null,"object":{}}"#,
            String(repeating: "[", count: 100_000),
            #"{"kind":"ConfigMap","data":"# + String(repeating: "{\"a\":", count: 5000),
            #"{"kind":"ConfigMap","metadata":{"name":"\ud800"}}"#,
        ])
    func documents(text: String) async throws {
        for call in Self.calls {
            try await check(call, Self.answer(Array((text + "\n").utf8)), text.prefix(80).debugDescription)
            try await check(
                call, Self.answer(Array(text.utf8), head: "HTTP/1.1 404 X"), "404 " + text.prefix(80).debugDescription)
        }
    }

    @Test("Good answers with bytes changed, left out, doubled or cut off, by a seed that is printed")
    func mutations() async throws {
        let seed = FaultMix.chosenSeed
        print("malformed answers: K8S_CLIENT_TEST_SEED=\(seed) replays this run")
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            for call in Self.calls {
                var bytes = Self.answer(call.answer.jsonBytes() + [0x0A])
                for _ in 0..<Int.random(in: 1..<6, using: &random) where !bytes.isEmpty {
                    Self.mutate(&bytes, &random)
                }
                try await check(call, bytes, "seed \(seed), round \(round)")
            }
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(index + Int.random(in: 1..<20, using: &random), bytes.count)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.removeSubrange(index..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
        case 4: bytes.removeSubrange(index...)
        case 5:
            let token = ["\r\n", "{", "}", "\"", "null", "[", ":", ",", "\u{0}", "1e999", "\\u0000"]
                .randomElement(using: &random)
            bytes.insert(contentsOf: Array((token ?? "").utf8), at: index)
        default: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &random))
        }
    }
}
