import K8sClient
import Testing

@Suite("What a caller sees of the API server's answers")
struct KubernetesClientTests {
    @Test("An object is read as JSON, typed, or as metadata alone")
    func get() async throws {
        let server = try FaultServer { request in
            guard request.headers["accept"]?.contains("PartialObjectMetadata") == true else {
                return .json(200, configMap("a", version: 7, data: ["k": "v"]))
            }
            return .json(
                200,
                [
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": configMap("a", version: 7)["metadata"] ?? .null,
                ])
        }
        let client = server.client()
        let dynamic = try await client.get(.configMaps, "a", namespace: "default")
        #expect(dynamic["data", "k"] == "v")
        let typed = try await client.get(.configMaps, "a", namespace: "default", as: ConfigMap.self)
        #expect(typed == ConfigMap(metadata: dynamic.metadata, data: ["k": "v"]))
        let metadata = try await client.get(.configMaps, "a", namespace: "default", as: PartialObjectMetadata.self)
        #expect(metadata.objectKey == ObjectKey(namespace: "default", name: "a"))
        #expect(server.requests.map(\.path) == Array(repeating: "/api/v1/namespaces/default/configmaps/a", count: 3))
        #expect(
            server.requests.last?.headers["accept"] == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
    }

    @Test("Many requests one after another share one connection")
    func reuse() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let client = server.client()
        for _ in 0..<50 { _ = try await client.get(.configMaps, "a", namespace: "default") }
        #expect(server.requests.count == 50)
        #expect(server.acceptedConnections == 1)
    }

    @Test("Many requests at once are all answered, over no more connections than allowed")
    func concurrent() async throws {
        let server = try FaultServer { request in
            .json(200, configMap(String(request.path.split(separator: "/").last ?? ""), version: 1))
        }
        let client = server.client { $0.maximumConcurrentRequests = 4 }
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<200 {
                group.addTask { try await client.get(.configMaps, "n\(index)", namespace: "default").objectKey.name }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(names == Set((0..<200).map { "n\($0)" }))
        #expect(server.acceptedConnections <= 4)
    }

    @Test("A list is read page by page")
    func pages() async throws {
        let server = try FaultServer { request in
            switch request.query["continue"] {
            case nil: .list([configMap("a", version: 1)], version: "9", next: "t1")
            case "t1": .list([configMap("b", version: 2)], version: "9", next: "t2")
            default: .list([configMap("c", version: 3)], version: "9")
            }
        }
        let list = try await server.client().listAll(.configMaps, namespace: "default", .init(labelSelector: "a=b,c"))
        #expect(list.items.map(\.objectKey.name) == ["a", "b", "c"])
        #expect(list.resourceVersion == "9")
        #expect(server.requests.map { $0.query["limit"] } == ["500", "500", "500"])
        #expect(server.requests.allSatisfy { $0.query["labelSelector"] == "a=b,c" })
    }

    @Test("A list whose version expires between two pages is begun anew")
    func pagesExpire() async throws {
        let server = try FaultServer { [count = Counter()] request in
            if request.query["continue"] != nil {
                return count.next() == 1
                    ? .status(410, "Expired", "The provided continue parameter is too old") : .list([], version: "11")
            }
            return .list([configMap("a", version: 1)], version: "10", next: "t")
        }
        let list = try await server.client().listAll(.configMaps, namespace: "default")
        #expect(list.items.count == 1)
        #expect(server.requests.count == 4)
    }

    @Test("A list whose pages lead in a circle is an invalid answer")
    func circle() async throws {
        let server = try FaultServer { _ in .list([configMap("a", version: 1)], version: "10", next: "t") }
        let error = try await failure { () async throws(KubernetesError) in
            try await server.client().listAll(.configMaps, namespace: "default")
        }
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains("the next page is this one again"))
        #expect(server.requests.count == 2)
    }

    @Test("Items of a list carry their kind, which servers leave out")
    func listKinds() async throws {
        let server = try FaultServer { _ in
            .list([["metadata": ["name": "a", "namespace": "default"]]], version: "1")
        }
        let list = try await server.client().list(.configMaps)
        #expect(list.items.first?["kind"] == "ConfigMap")
        #expect(list.items.first?["apiVersion"] == "v1")
    }

    @Test("Writes carry their options, content types and bodies")
    func writes() async throws {
        let server = try FaultServer { request in
            request.path.hasSuffix("/scale")
                ? .json(200, ["kind": "Scale", "apiVersion": "autoscaling/v1"])
                : .json(200, ["kind": "Deployment", "apiVersion": "apps/v1"])
        }
        let client = server.client()
        let manifest: JSONValue = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "n s"],
        ]
        try await client.create(
            .deployments, manifest, .init(fieldManager: "m", dryRun: true, fieldValidation: .strict))
        try await client.apply(.deployments, manifest, .init(fieldManager: "m", force: true))
        try await client.apply(.deployments, manifest, subresource: .status, .init(fieldManager: "m"))
        try await client.replace(.deployments, manifest)
        try await client.patch(.deployments, "web", namespace: "n s", .json([.add(path: "/a", value: 1)]))
        try await client.scale(.deployments, "web", namespace: "n s", replicas: 3)
        try await client.delete(
            .deployments, "web", namespace: "n s",
            .init(
                propagationPolicy: .foreground, gracePeriodSeconds: 0,
                preconditions: .init(uid: "u", resourceVersion: "1")))
        let base = "/apis/apps/v1/namespaces/n%20s/deployments"
        #expect(
            server.requests.map { "\($0.method) \($0.target) \($0.headers["content-type"] ?? "-")" } == [
                "POST \(base)?fieldManager=m&dryRun=All&fieldValidation=Strict application/json",
                "PATCH \(base)/web?fieldManager=m&force=true application/apply-patch+yaml",
                "PATCH \(base)/web/status?fieldManager=m application/apply-patch+yaml",
                "PUT \(base)/web application/json",
                "PATCH \(base)/web application/json-patch+json",
                "PATCH \(base)/web/scale application/merge-patch+json",
                "DELETE \(base)/web application/json",
            ])
        #expect(try JSONValue(parsing: server.requests[0].body) == manifest)
        #expect(server.requests[4].body == Array(#"[{"op":"add","path":"/a","value":1}]"#.utf8))
        #expect(server.requests[5].body == Array(#"{"spec":{"replicas":3}}"#.utf8))
        #expect(
            try JSONValue(parsing: server.requests[6].body) == [
                "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground", "gracePeriodSeconds": 0,
                "preconditions": ["uid": "u", "resourceVersion": "1"],
            ])
    }

    @Test("A request without a name or a namespace is refused before it could reach a whole collection")
    func missingName() async throws {
        let server = try FaultServer { _ in .json(200, ["kind": "Status"]) }
        let client = server.client()
        let noName = try await failure { () async throws(KubernetesError) in
            try await client.delete(.configMaps, "", namespace: "default")
        }
        #expect(noName.code == .configuration)
        #expect(noName.description == "DELETE /api/v1/namespaces/default/configmaps/: the ConfigMap has no name")
        let noNamespace = try await failure { () async throws(KubernetesError) in
            try await client.get(.configMaps, "a", as: JSONValue.self)
        }
        #expect(noNamespace.description.hasSuffix("the ConfigMap needs a namespace"))
        #expect(server.requests.isEmpty)
    }

    @Test(
        "Each error of the API is told by its kind and the server's own words",
        arguments: [
            (401, "Unauthorized"), (403, "Forbidden"), (404, "NotFound"), (409, "Conflict"), (409, "AlreadyExists"),
            (410, "Expired"), (422, "Invalid"),
        ])
    func apiErrors(status: Int, reason: String) async throws {
        let server = try FaultServer { _ in .status(status, reason, "the server's words") }
        let client = server.client()
        let error = try await failure { () async throws(KubernetesError) in
            try await client.get(.configMaps, "a", namespace: "default", as: JSONValue.self)
        }
        #expect(error.code == .api)
        #expect(
            error.description
                == "GET /api/v1/namespaces/default/configmaps/a: the server's words (\(status) \(reason))")
        #expect(error.isUnauthorized == (status == 401))
        #expect(error.isForbidden == (status == 403))
        #expect(error.isNotFound == (status == 404))
        #expect(error.isConflict == (reason == "Conflict"))
        #expect(error.isAlreadyExists == (reason == "AlreadyExists"))
        #expect(error.isGone == (status == 410))
        #expect(error.isInvalid == (status == 422))
        #expect(server.requests.count == 1)
    }

    @Test("A raw request answers any status instead of throwing it")
    func raw() async throws {
        let server = try FaultServer { _ in .json(404, ["kind": "Status"], headers: ["X-One": "1"]) }
        let response = try await server.client().raw(
            KubernetesRequest(.get, "/api/v1/none?a=b", query: [.init("c", "d e")]))
        #expect(response.status == 404)
        #expect(response.header("x-one") == "1")
        #expect(response.body == Array(#"{"kind":"Status"}"#.utf8))
        #expect(server.requests.first?.target == "/api/v1/none?a=b&c=d%20e")
    }

    @Test("The server's version is read")
    func version() async throws {
        let server = try FaultServer { _ in
            .json(200, ["major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64"])
        }
        #expect(try await server.client().version().gitVersion == "v1.36.0")
    }

    @Test("Tokens and impersonation go into headers and never into descriptions")
    func credentials() async throws {
        let server = try FaultServer { _ in .status(403, "Forbidden", "no") }
        let client = server.client {
            $0.credentials = .token("s3cr3t")
            $0.impersonation = .init(
                user: "jane", uid: "u", groups: ["a", "b"], extra: ["example.com/team": ["web"], "né": ["x"]])
        }
        let error = try await failure { () async throws(KubernetesError) in
            try await client.get(.secrets, "a", namespace: "default", as: JSONValue.self)
        }
        let request = try #require(server.requests.first)
        #expect(request.headers["authorization"] == "Bearer s3cr3t")
        #expect(request.headers["impersonate-user"] == "jane")
        #expect(request.headers["impersonate-uid"] == "u")
        #expect(request.headers["impersonate-extra-example.com%2fteam"] == "web")
        #expect(request.headers["impersonate-extra-n%c3%a9"] == "x")
        #expect(!"\(error)".contains("s3cr3t"))
        #expect(!"\(client.configuration.credentials)".contains("s3cr3t"))
        #expect(!String(reflecting: client.configuration.credentials).contains("s3cr3t"))
        var dumped = ""
        dump(client.configuration, to: &dumped)
        #expect(!dumped.contains("s3cr3t"))
    }
}

/// A typed object, as users of the client declare one.
struct ConfigMap: Codable, Hashable, KubernetesObject {
    var metadata: ObjectMeta
    var data: [String: String]?
}
