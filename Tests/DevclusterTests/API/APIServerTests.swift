import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

/// The API over HTTPS, in this process.
@Suite struct APIServerTests {
    private func serving(_ body: @Sendable (EmbeddedCluster, KubernetesClient, String) async throws -> Void)
        async throws
    {
        try await ServedCluster.run(body)
    }

    private func body(_ response: KubernetesResponse) throws -> JSONValue { try JSONValue(parsing: response.body) }

    @Test("broken requests are answered with a Status that says what is wrong")
    func badRequests() async throws {
        try await serving { _, client, _ in
            let namespaces = "/api/v1/namespaces"
            let huge = [UInt8](repeating: 0x20, count: APIServer.maximumBodyBytes + 1)
            let cases: [(KubernetesRequest, String)] = [
                (.init(.get, "/nowhere"), "404 NotFound"), (.init(.get, "/api/v1/nonsense"), "404 NotFound"),
                (.init(.post, namespaces, body: Array("{".utf8)), "400 BadRequest"),
                (.init(.post, namespaces, body: Array("[]".utf8)), "400 BadRequest"),
                (.init(.post, namespaces, body: [], contentType: "application/json"), "400 BadRequest"),
                (
                    .init(.post, namespaces, body: Array("x".utf8), contentType: "text/plain"),
                    "415 UnsupportedMediaType"
                ), (.init(.put, namespaces), "405 MethodNotAllowed"),
                (.init(.get, namespaces, accept: "application/vnd.kubernetes.protobuf"), "406 NotAcceptable"),
                (.init(.post, namespaces, body: huge), "413 RequestEntityTooLarge"),
            ]
            for (request, expected) in cases {
                let response = try await client.raw(request)
                let reason = try body(response)["reason"]?.string ?? ""
                #expect("\(response.status) \(reason)" == expected, "\(request.name)")
            }
        }
    }

    @Test("an eviction is counted by the pod's budget, and refused with 429 when none is left")
    func evictions() async throws {
        try await serving { cluster, client, _ in
            let registry = cluster.registry
            let accounts = GroupResource("", "serviceaccounts")
            let deadline = ContinuousClock.now + .seconds(30)
            while (try? registry.get(accounts, namespace: "default", name: "default")) == nil,
                ContinuousClock.now < deadline
            {
                try await Task.sleep(for: .milliseconds(20))
            }
            for name in ["a", "b"] {
                _ = try registry.create(
                    .pods,
                    [
                        "metadata": ["name": .string(name), "namespace": "default", "labels": ["app": "x"]],
                        "spec": ["containers": [["name": "c", "image": "i"]]],
                    ], manager: "test")
                try registry.update(.pods, namespace: "default", name: name, subresource: "status", manager: "test") {
                    $0["status", "phase"] = "Running"
                    $0["status", "conditions"] = [["type": "Ready", "status": "True"]]
                }
            }
            _ = try registry.create(
                .podDisruptionBudgets,
                [
                    "metadata": ["name": "x", "namespace": "default"],
                    "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "x"]]],
                ], manager: "test")
            func evict(_ name: String, _ more: JSONValue = [:]) async throws -> (status: Int, body: JSONValue) {
                var eviction: JSONValue = [
                    "apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": ["name": .string(name), "namespace": "default"],
                ]
                eviction["deleteOptions"] = more
                let response = try await client.raw(
                    .init(
                        .post, "/api/v1/namespaces/default/pods/\(name)/eviction", body: eviction.jsonBytes()))
                return (response.status, try body(response))
            }
            // No controller runs here: before the budget was counted, nobody may go.
            let early = try await evict("a")
            #expect(early.status == 429)
            #expect(early.body["details", "retryAfterSeconds"] == 10)
            try registry.update(
                .podDisruptionBudgets, namespace: "default", name: "x", subresource: "status", manager: "test"
            ) {
                $0["status"] = [
                    "observedGeneration": 1, "currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1,
                    "expectedPods": 2,
                ]
            }
            #expect(try await evict("a", ["dryRun": ["All"]]).status == 201)
            #expect(try await evict("a").status == 201)
            let budget = try registry.get(.podDisruptionBudgets, namespace: "default", name: "x")
            #expect(budget["status", "disruptionsAllowed"] == 0 && budget["status", "disruptedPods", "a"] != nil)
            let late = try await evict("b")
            #expect(late.status == 429 && late.body["details", "retryAfterSeconds"] == nil)
            #expect(
                late.body["details", "causes"] == [
                    [
                        "reason": "DisruptionBudget",
                        "message": "The disruption budget x needs 1 healthy pods and has 2 currently",
                    ]
                ])
        }
    }

    @Test(
        "the OpenAPI documents list types by name, with descriptions of custom resources and the keys of merged lists")
    func openAPI() async throws {
        try await serving { cluster, client, _ in
            let three = try body(await client.raw(.init(.get, "/openapi/v3/api/v1")))
            let pod = three["components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "containers"]
            #expect(pod?["items", "$ref"] == "#/components/schemas/io.k8s.api.core.v1.Container")
            #expect(pod?["x-kubernetes-patch-merge-key"] == "name" && pod?["x-kubernetes-patch-strategy"] == "merge")
            let definitions = try body(await client.raw(.init(.get, "/openapi/v2")))["definitions"]?.object ?? [:]
            let references = definitions.values.map(\.jsonText).joined().split(separator: "\"#/definitions/")
                .dropFirst().compactMap { $0.split(separator: "\"").first.map(String.init) }
            #expect(!references.isEmpty && references.allSatisfy { definitions[$0] != nil })
        }
    }

    @Test("a token speaks for its account, within what roles allow")
    func tokens() async throws {
        try await serving { cluster, client, path in
            let request: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]]
            let accounts = "/api/v1/namespaces/default/serviceaccounts"
            var answer = try await client.raw(.init(.get, "\(accounts)/default"))
            let deadline = ContinuousClock.now + .seconds(10)
            while answer.status == 404, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
                answer = try await client.raw(.init(.get, "\(accounts)/default"))
            }
            let issued = try await client.raw(
                .init(.post, "\(accounts)/default/token", body: request.jsonBytes()))
            let token = try #require(try body(issued)["status", "token"]?.string)
            var configuration = try ClientConfiguration.load(kubeconfigPath: path)
            configuration.tls.clientCertificate = nil
            configuration.tls.clientKey = nil
            configuration.credentials = .token(token)
            let limited = KubernetesClient(configuration: configuration)
            let refused = try await limited.raw(.init(.get, "/api/v1/namespaces/default/configmaps"))
            #expect(refused.status == 403)
            #expect(
                try body(refused)["message"]
                    == "configmaps is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""
            )
            let kind = try #require(
                cluster.registry.kinds.kind(apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding"))
            _ = try cluster.registry.create(
                kind.storage,
                [
                    "metadata": ["name": "view", "namespace": "default"],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"],
                    "subjects": [["kind": "ServiceAccount", "name": "default", "namespace": "default"]],
                ], manager: "test")
            #expect(try await limited.raw(.init(.get, "/api/v1/namespaces/default/configmaps")).status == 200)
            #expect(try await limited.raw(.init(.get, "/api/v1/namespaces/default/secrets")).status == 403)
            await limited.shutdown()
            configuration.credentials = .token("nope")
            let stranger = KubernetesClient(configuration: configuration)
            #expect(try await stranger.raw(.init(.get, "/version")).status == 401)
            await stranger.shutdown()
        }
    }

    @Test("a table carries the kind's columns, a row for each object, and its metadata")
    func tables() async throws {
        try await serving { _, client, _ in
            let response = try await client.raw(
                .init(
                    .get, "/api/v1/namespaces",
                    accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"))
            let table = try body(response)
            #expect(table["kind"] == "Table")
            #expect(table["columnDefinitions"]?.array?.compactMap { $0["name"]?.string } == ["Name", "Status", "Age"])
            let row = try #require(table["rows"]?.array?.first)
            #expect(row["cells"]?.array?.prefix(2) == ["default", "Active"])
            #expect(row["object", "kind"] == "PartialObjectMetadata")
        }
    }

    @Test("warnings about unknown fields come as headers")
    func warnings() async throws {
        try await serving { _, client, _ in
            let object: JSONValue = [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "datta": [:],
            ]
            let response = try await client.raw(
                .init(.post, "/api/v1/namespaces/default/configmaps", body: object.jsonBytes()))
            #expect(response.status == 201)
            #expect(response.header("Warning") == #"299 - "unknown field \"datta\"""#)
        }
    }

    @Test("certificates are kept over a restart, for their owner's eyes only")
    func certificates() throws {
        let directory = FileManager.default.temporaryDirectory.path() + "devcluster-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let first = try ClusterPKI(directory: directory)
        let second = try ClusterPKI(directory: directory)
        #expect(first.authority == second.authority)
        #expect(first.adminKey == second.adminKey)
        #expect(first.tokenKey == second.tokenKey)
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(file)")
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
        }
        try PrivateFile.write("damaged", to: "\(directory)/admin.crt")
        let third = try ClusterPKI(directory: directory)
        #expect(third.authority == first.authority)
        #expect(third.adminCertificate != first.adminCertificate)
    }

    @Test(
        "addresses are read as the API means them",
        arguments: [
            ("GET", "/api/v1/namespaces/a/pods/p/log?container=c", "get", "pods", "a", "p", "log"),
            ("GET", "/api/v1/namespaces/a", "get", "namespaces", nil, "a", nil),
            ("PUT", "/api/v1/namespaces/a/finalize", "update", "namespaces", nil, "a", "finalize"),
            ("DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection", "deployments", "a", nil, nil),
            ("GET", "/api/v1/pods?watch=true", "watch", "pods", nil, nil, nil),
            ("PATCH", "/apis/g.io/v1/things/t/status", "patch", "things", nil, "t", "status"),
        ] as [(String, String, String, String, String?, String?, String?)])
    func addresses(
        _ method: String, _ uri: String, _ verb: String, _ name: String, _ namespace: String?, _ object: String?,
        _ subresource: String?
    ) throws {
        let call = APIRequest(method: method, uri: uri)
        guard case .resource(let resource) = call.target else {
            Issue.record("\(uri) is about a resource")
            return
        }
        #expect(call.verb == verb)
        #expect(resource.resource == name)
        #expect(resource.namespace == namespace)
        #expect(resource.name == object)
        #expect(resource.subresource == subresource)
    }
}
