@testable import K8sClient
import Testing

@Suite("A client behind a proxy that hurts it")
struct FaultProxyTests {
    private func get(_ client: KubernetesClient) async throws(KubernetesError) -> JSONValue {
        try await client.get(.configMaps, "a", namespace: "default")
    }

    /// One fault for the first request, none for those that follow.
    private func once(
        _ fault: FaultProxy.Fault, _ change: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (KubernetesClient, FaultServer) async throws -> Void
    ) async throws {
        let server = try FaultServer { request in
            request.method == "GET"
                ? .json(200, configMap("a", version: 1)) : .json(200, (try? JSONValue(parsing: request.body)) ?? .null)
        }
        let count = Counter()
        try await FaultProxy.running(to: .init(port: server.port), plan: { _ in count.next() == 1 ? fault : .none }) {
            var configuration = ClientConfiguration(server: "http://127.0.0.1:\($0.port)")
            change(&configuration)
            try await body(KubernetesClient(configuration: configuration), server)
        }
    }

    @Test(
        "A read is sent again when its connection breaks, its answer is cut off or the server is busy",
        arguments: [
            FaultProxy.Fault.drop, .dropAnswer, .cut(after: 0), .cut(after: 20), .answer(429, retryAfter: 0),
            .answer(503, retryAfter: nil), .delay(.milliseconds(50)),
        ])
    func reads(fault: FaultProxy.Fault) async throws {
        try await once(fault) { client, _ in
            let object = try await get(client)
            #expect(object.objectKey.name == "a")
        }
    }

    @Test(
        "What is wrong with an answer is told, not repeated",
        arguments: [
            (FaultProxy.Fault.corrupt(at: 10), KubernetesError.Code.invalidResponse),
            (.answer(401, retryAfter: nil), .api), (.answer(409, retryAfter: nil), .api),
            (.answer(410, retryAfter: nil), .api), (.answer(500, retryAfter: nil), .api),
        ])
    func answers(fault: FaultProxy.Fault, code: KubernetesError.Code) async throws {
        try await once(fault) { client, server in
            let error = try await failure { () async throws(KubernetesError) in try await get(client) }
            #expect(error.code == code)
            #expect(error.description.hasPrefix("GET /api/v1/namespaces/default/configmaps/a: "))
        }
    }

    @Test("An answer that stalls ends with the deadline")
    func stall() async throws {
        try await once(.stall(after: 20), { $0.requestTimeout = .milliseconds(400) }) { client, _ in
            let error = try await failure { () async throws(KubernetesError) in try await get(client) }
            #expect(error.code == .timeout)
        }
    }

    @Test(
        "Of writes, a server-side apply is sent again when its connection breaks; the others may have been carried out",
        arguments: [FaultProxy.Fault.drop, .dropAnswer])
    func writes(fault: FaultProxy.Fault) async throws {
        let object = configMap("a", version: 1)
        try await once(fault) { client, _ in
            try await client.apply(.configMaps, object, .init(fieldManager: "m", force: true))
        }
        for write in 0..<4 {
            try await once(fault) { client, server in
                let error = try await failure { () async throws(KubernetesError) in
                    switch write {
                    case 0: try await client.create(.configMaps, object) as JSONValue
                    case 1: try await client.replace(.configMaps, object) as JSONValue
                    case 2: try await client.patch(.configMaps, "a", namespace: "default", .merge([:])) as JSONValue
                    default: try await client.delete(.configMaps, "a", namespace: "default")
                    }
                }
                #expect(error.code == .connection)
                #expect(server.requests.count == (fault == .drop ? 0 : 1))
            }
        }
    }
}
