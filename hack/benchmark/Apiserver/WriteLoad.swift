import K8sClient

/// Writes from one client or several, each with a connection of its own that sends one request after the other.
struct WriteLoad {
    enum Verb: String, CaseIterable { case create, apply, patch }

    static let namespace = "bench-writes"
    private static let rounds = 3
    /// Of all clients together.
    private static let writesPerRound = 800

    private let clients: [KubernetesClient]

    init(kubeconfig: String, clients: Int) throws {
        self.clients = try (0..<clients).map { _ in try KubernetesClient.forBenchmark(kubeconfig) }
    }

    func shutdown() async {
        for client in clients { await client.shutdown() }
    }

    /// The median of three rounds after one that warms up; the objects are deleted afterwards.
    func medianRate(_ verb: Verb) async throws -> Double {
        var rates: [Double] = []
        for round in 0...Self.rounds {
            let perClient = Self.writesPerRound / clients.count
            let duration = try await ContinuousClock().measure {
                try await withThrowingTaskGroup { group in
                    for (number, client) in clients.enumerated() {
                        group.addTask {
                            for index in 0..<perClient {
                                let name =
                                    "\(verb.rawValue)-\(number)-\(verb == .create ? round * perClient + index : index)"
                                try await client.expectSuccess(Self.request(verb, name, round))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            // The first round of applies creates what the later ones change; it only warms up, as do the others' first.
            if round > 0 { rates.append(Double(perClient * clients.count) / (duration / .seconds(1))) }
        }
        if verb != .apply { try await clients[0].expectSuccess(Self.deleteAll) }
        return rates.sorted()[rates.count / 2]
    }

    private static let deleteAll = KubernetesRequest(.delete, "/api/v1/namespaces/\(namespace)/configmaps")

    private static func request(_ verb: Verb, _ name: String, _ round: Int) -> KubernetesRequest {
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        switch verb {
        case .create: return .createSample(name, in: namespace)
        case .apply:
            var object = KubernetesRequest.sample(name)
            object["data", "round"] = .string("\(round)")
            return KubernetesRequest(
                .patch, "\(path)/\(name)?fieldManager=benchmark&force=true", body: object.jsonBytes(),
                contentType: "application/apply-patch+yaml")
        case .patch:
            // What the applies left is patched.
            let patch: JSONValue = ["data": ["round": .string("patched \(round)")]]
            return KubernetesRequest(
                .patch, "\(path)/\(name.replacing("patch-", with: "apply-"))", body: patch.jsonBytes(),
                contentType: "application/merge-patch+json")
        }
    }
}

extension KubernetesRequest {
    /// A ConfigMap of about one kilobyte.
    static func sample(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name),
                "labels": ["app": "benchmark", "app.kubernetes.io/name": .string(name), "tier": "sample"],
                "annotations": ["example.dev/description": "one of many, for measuring"],
            ],
            "data": [
                "configuration": .string(String(repeating: "key=value\n", count: 50)), "name": .string(name),
                "round": "new",
            ],
        ]
    }

    static func createSample(_ name: String, in namespace: String) -> KubernetesRequest {
        KubernetesRequest(.post, "/api/v1/namespaces/\(namespace)/configmaps", body: sample(name).jsonBytes())
    }

    static func createNamespace(_ name: String) -> KubernetesRequest {
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        return KubernetesRequest(.post, "/api/v1/namespaces", body: object.jsonBytes())
    }
}

extension KubernetesClient {
    /// Sends a request whose answer is not looked at, beyond that it is a success.
    func expectSuccess(_ request: KubernetesRequest) async throws {
        let response = try await raw(request)
        guard (200..<300).contains(response.status) else {
            throw Refused(what: "\(request.method) \(request.path)", status: response.status)
        }
    }

    private struct Refused: Error, CustomStringConvertible {
        let what: String
        let status: Int
        var description: String { "\(what) was answered \(status)" }
    }
}
