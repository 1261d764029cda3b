import K8sClient
import Synchronization
import Testing

@Suite("Servers that do not do what they should")
struct FaultTests {
    private func error(_ client: KubernetesClient) async throws -> KubernetesError {
        try await failure { () async throws(KubernetesError) in
            try await client.get(.configMaps, "a", namespace: "default", as: JSONValue.self)
        }
    }

    private static let request = "GET /api/v1/namespaces/default/configmaps/a: "

    @Test("A server that is not there is named")
    func refused() async throws {
        let server = try FaultServer { _ in .raw("") }
        let client = server.client()
        server.stop()
        let error = try await error(client)
        #expect(error.code == .connection)
        #expect(error.isRetryable)
        #expect(
            error.description.hasPrefix(Self.request + "the server http://127.0.0.1:\(server.port) cannot be reached"))
    }

    @Test("A name that does not resolve is named")
    func unresolved() async throws {
        let client = KubernetesClient(configuration: ClientConfiguration(server: "https://no-such-host.invalid:6443"))
        let error = try await error(client)
        #expect(error.code == .connection)
        #expect(error.message.contains("no-such-host.invalid"))
    }

    @Test("An address that is no URL fails every request with its reason")
    func badAddress() async throws {
        let client = KubernetesClient(configuration: ClientConfiguration(server: "api.example.com:6443"))
        let error = try await error(client)
        #expect(error.code == .configuration)
        #expect(error.message.contains("\"api.example.com:6443\""))
    }

    @Test("A 500 without a Status is an error of the API with a sentence of its own")
    func bareError() async throws {
        let server = try FaultServer { _ in .text(500, "etcd is on fire\nstack trace") }
        let error = try await error(server.client())
        #expect(error.code == .api)
        #expect(error.httpStatus == 500)
        #expect(
            error.message == #"the server answered HTTP 500 without saying why: "etcd is on fire""#)
    }

    @Test("A page of HTML is not quoted")
    func html() async throws {
        let server = try FaultServer { _ in .text(502, "<html>proxy</html>", type: "text/html") }
        #expect(try await error(server.client()).message == "the server answered HTTP 502 without saying why")
    }

    @Test("A redirect is not followed")
    func redirect() async throws {
        let server = try FaultServer { _ in
            .raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n")
        }
        let error = try await error(server.client())
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains("redirects"))
    }

    @Test(
        "A success that does not hold what was asked for is an invalid response",
        arguments: [
            ("hello", "invalid JSON at byte 0"),
            (#"{"kind":"ConfigMap","metadata":{"na"#, "invalid JSON"),
            ("", "invalid JSON at byte 0"),
            ("[]", "something without a kind, no ConfigMap"),
            (#"{"kind":"Secret"}"#, "a Secret, no ConfigMap"),
            (#"{"kind":"Status","status":"Success"}"#, "a Status, no ConfigMap"),
        ])
    func notTheObject(body: String, reason: String) async throws {
        let server = try FaultServer { _ in .text(200, body, type: "application/json") }
        let error = try await error(server.client())
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains(reason), "\(error)")
        #expect(error.description.hasPrefix(Self.request))
    }

    @Test("A typed object that does not fit names the field")
    func wrongField() async throws {
        let server = try FaultServer { _ in
            .json(200, ["kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": 1]])
        }
        let client = server.client()
        let error = try await failure { () async throws(KubernetesError) in
            try await client.get(.configMaps, "a", namespace: "default", as: ConfigMap.self)
        }
        #expect(error.message.hasSuffix(".data.k: must be a string, not a number"))
    }

    @Test("An answer cut off by the end of the connection is an invalid response")
    func truncated() async throws {
        let server = try FaultServer { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/json\r\n\r\n{\"kind\":")
        }
        let error = try await error(server.client())
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains("ended in the middle"))
    }

    @Test("A body without end is given up at the bound")
    func endless() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.beginStream()
                while connection.chunk([UInt8](repeating: 0x20, count: 60_000)) {}
            }
        }
        let error = try await error(server.client { $0.maximumBodyBytes = 1_000_000 })
        #expect(error.code == .invalidResponse)
        #expect(error.message == "the server's answer is longer than 1000000 bytes")
        try await eventually("the connection is closed") { server.openConnections == 0 }
    }

    @Test("Headers without end are given up")
    func endlessHeaders() async throws {
        let server = try FaultServer { _ in
            .custom { connection in
                connection.write("HTTP/1.1 200 OK\r\n")
                while connection.write("X-Filler: \(String(repeating: "x", count: 1000))\r\n") {}
            }
        }
        let error = try await error(server.client())
        #expect(error.code == .invalidResponse || error.code == .connection)
    }

    @Test("Something that does not speak HTTP is told so")
    func noHTTP() async throws {
        let server = try FaultServer { _ in .raw("SSH-2.0-OpenSSH_9.2\r\n") }
        let error = try await error(server.client())
        #expect(error.code == .invalidResponse || error.code == .connection)
        #expect(error.isRetryable)
    }

    @Test("A server that never answers ends in a timeout")
    func silence() async throws {
        let server = try FaultServer { _ in .custom { $0.waitForClose() } }
        let error = try await error(server.client { $0.requestTimeout = .milliseconds(200) })
        #expect(error.code == .timeout)
        #expect(error.isRetryable)
    }

    @Test("A 429 is repeated after the time that the server names, also for a create")
    func tooManyRequests() async throws {
        let server = try FaultServer { [count = Counter()] _ in
            count.next() < 3
                ? .status(429, "TooManyRequests", "slow down", headers: ["Retry-After": "0"])
                : .json(201, configMap("a", version: 1))
        }
        let created = try await server.client().create(.configMaps, configMap("a", version: 0))
        #expect(created.resourceVersion == "1")
        #expect(server.requests.count == 3)
    }

    @Test("A 429 that asks for patience gets it")
    func retryAfter() async throws {
        let server = try FaultServer { [count = Counter()] _ in
            count.next() == 1
                ? .status(429, "TooManyRequests", "slow down", headers: ["Retry-After": "1"])
                : .json(200, configMap("a", version: 1))
        }
        let start = ContinuousClock.now
        _ = try await server.client().get(.configMaps, "a", namespace: "default")
        #expect(ContinuousClock.now - start >= .seconds(1))
    }

    @Test("A 503 is repeated for a read, not for a create")
    func unavailable() async throws {
        let server = try FaultServer { [count = Counter()] request in
            request.method == "POST" || count.next() == 1
                ? .status(503, "ServiceUnavailable", "starting") : .json(200, configMap("a", version: 1))
        }
        let client = server.client()
        _ = try await client.get(.configMaps, "a", namespace: "default")
        let error = try await failure { () async throws(KubernetesError) in
            try await client.create(.configMaps, configMap("a", version: 0)) as JSONValue
        }
        #expect(error.httpStatus == 503)
        #expect(server.requests.map(\.method) == ["GET", "GET", "POST"])
    }

    @Test("A create is not sent again when its connection breaks before the answer, even one that was reused")
    func noReplay() async throws {
        let server = try FaultServer { request in
            request.method == "POST" ? .raw("") : .json(200, configMap("a", version: 1))
        }
        let client = server.client()
        // The connection is now one that libcurl reuses, and whose death it would answer by sending again.
        _ = try await client.get(.configMaps, "a", namespace: "default")
        let error = try await failure { () async throws(KubernetesError) in
            try await client.create(.configMaps, configMap("a", version: 0)) as JSONValue
        }
        #expect(error.code == .connection)
        #expect(error.message.contains("it may have been carried out"))
        #expect(server.requests.count { $0.method == "POST" } == 1)
    }

    @Test("A read is sent again when the connection that it reused turns out to be dead")
    func staleConnection() async throws {
        let server = try FaultServer { [count = Counter()] _ in
            count.next() == 2 ? .raw("") : .json(200, configMap("a", version: 1))
        }
        let client = server.client()
        for _ in 0..<2 { _ = try await client.get(.configMaps, "a", namespace: "default") }
        #expect(server.requests.count == 3)
        #expect(server.acceptedConnections == 2)
    }

    @Test("Cancelling a request closes its connection")
    func cancellation() async throws {
        let server = try FaultServer { _ in .custom { $0.waitForClose() } }
        let client = server.client()
        let task = Task {
            try await failure { () async throws(KubernetesError) in
                try await client.get(.configMaps, "a", namespace: "default", as: JSONValue.self)
            }
        }
        try await eventually("the request has arrived") { server.requests.count == 1 }
        task.cancel()
        #expect(try await task.value.code == .cancelled)
        try await eventually("the connection is closed") { server.openConnections == 0 }
    }

    @Test("A request of a cancelled task is not sent")
    func cancelledBefore() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let client = server.client()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await failure { () async throws(KubernetesError) in
                try await client.get(.configMaps, "a", namespace: "default", as: JSONValue.self)
            }
        }
        #expect(try await task.value.code == .cancelled)
    }

    @Test("Shutting down ends every request, stream and later request with an error")
    func shutdown() async throws {
        let server = try FaultServer { request in
            request.query["watch"] != nil
                ? .custom { connection in
                    connection.beginStream()
                    connection.waitForClose()
                } : .custom { $0.waitForClose() }
        }
        let client = server.client { $0.maximumConcurrentRequests = 2 }
        let codes = await withTaskGroup(of: KubernetesError.Code?.self) { group in
            for index in 0..<6 {
                group.addTask {
                    do throws(KubernetesError) {
                        if index < 2 {
                            for try await _ in try await client.stream(KubernetesRequest(.get, "/x?watch=1")) {}
                        } else {
                            _ = try await client.raw(KubernetesRequest(.get, "/y"))
                        }
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            // Two requests run, two wait for their turn.
            try? await eventually("the requests have arrived") { server.requests.count == 4 }
            await client.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: .cancelled, count: 6))
        let late = try await failure { () async throws(KubernetesError) in
            try await client.raw(KubernetesRequest(.get, "/z"))
        }
        #expect(late.message == "the client has been shut down")
        try await eventually("every connection is closed") { server.openConnections == 0 }
    }

    @Test("Letting go of a client closes its connections")
    func deinitialization() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        do {
            let client = server.client()
            _ = try await client.get(.configMaps, "a", namespace: "default")
            #expect(server.openConnections == 1)
        }
        try await eventually("the connection is closed") { server.openConnections == 0 }
    }

    @Test("A header or path that would smuggle a second request is refused")
    func smuggling() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let client = server.client()
        for request in [
            KubernetesRequest(.get, "/a", headers: [.init("X", "1\r\nY: 2")]), KubernetesRequest(.get, "/a b"),
            KubernetesRequest(.get, "@evil"),
        ] {
            let error = try await failure { () async throws(KubernetesError) in try await client.raw(request) }
            #expect(error.code == .configuration)
        }
        #expect(server.requests.isEmpty)
    }
}
