import K8sClient
import Testing

@testable import devcluster

/// Writes that Kubernetes 1.36 refuses, in its words.
@Suite struct WriteRefusalTests {
    private static let configMaps = "/api/v1/namespaces/default/configmaps"
    private static let widgets = WidgetKind.path
    private static let apply = "application/apply-patch+yaml"

    private func send(
        _ client: KubernetesClient, _ method: KubernetesRequest.Method, _ path: String, _ body: JSONValue?,
        _ type: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        let response = try await client.raw(.init(method, path, body: body?.jsonBytes(), contentType: type))
        return (response.status, try JSONValue(parsing: response.body))
    }

    private func configMap(_ name: String, _ metadata: JSONValue = [:]) -> JSONValue {
        var object: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]]
        for (member, value) in metadata.object ?? [:] { object["metadata", member] = value }
        return object
    }

    private func widget(_ more: JSONValue = [:]) -> JSONValue {
        [
            "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"],
            "spec": .object(["size": 1].merging(more.object ?? [:]) { $1 }),
        ]
    }

    private func withWidget(_ body: @Sendable (KubernetesClient) async throws -> Void) async throws {
        try await ServedCluster.run { _, client, _ in
            try await WidgetKind.define(client, spec: ["size": ["type": "integer"]])
            try #require(try await send(client, .post, Self.widgets, widget()).status == 201)
            try await body(client)
        }
    }

    @Test("an apply for another object than the address names is refused, whether that object exists or not")
    func applyAddress() async throws {
        try await ServedCluster.run { _, client, _ in
            try #require(try await send(client, .post, Self.configMaps, configMap("c")).status == 201)
            for name in ["c", "none"] {
                let address = "\(Self.configMaps)/\(name)?fieldManager=m"
                let other = try await send(client, .patch, address, configMap("other"), Self.apply)
                #expect(other.status == 400)
                #expect(
                    other.body["message"]
                        == .string("the name of the object (other) does not match the name on the URL (\(name))"))
                let away = try await send(
                    client, .patch, address, configMap(name, ["namespace": "elsewhere"]), Self.apply)
                #expect(away.status == 400)
                #expect(
                    away.body["message"]
                        == "the namespace of the provided object does not match the namespace sent on the request")
            }
            var secret = configMap("c")
            secret["kind"] = "Secret"
            let kind = try await send(client, .patch, "\(Self.configMaps)/c?fieldManager=m", secret, Self.apply)
            #expect(kind.status == 400)
            #expect(kind.body["message"] == "invalid object type: /v1, Kind=Secret")
        }
    }

    @Test(
        "an apply with a field that the schema does not declare is refused, also of a custom resource",
        arguments: ["", "&fieldValidation=Ignore", "&fieldValidation=Strict"])
    func applyUnknownField(_ validation: String) async throws {
        try await withWidget { client in
            let query = "?fieldManager=m&force=true\(validation)"
            let answer = try await send(
                client, .patch, "\(Self.widgets)/w\(query)", widget(["colour": "red"]), Self.apply)
            #expect(answer.status == 500)
            #expect(
                answer.body["message"]
                    == "failed to create typed patch object (/w; example.dev/v1, Kind=Widget): .spec.colour: field not declared in schema"
            )
            var object = configMap("c", ["namespace": "default"])
            object["bogus"] = 1
            let core = try await send(client, .patch, "\(Self.configMaps)/c\(query)", object, Self.apply)
            #expect(
                core.body["message"]
                    == "failed to create typed patch object (default/c; /v1, Kind=ConfigMap): .bogus: field not declared in schema"
            )
        }
    }

    @Test("a PUT has to name the version that it replaces where the kind asks for that")
    func unconditionalUpdate() async throws {
        try await withWidget { client in
            let lease: JSONValue = [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"],
                "spec": ["holderIdentity": "x"],
            ]
            let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
            try #require(try await send(client, .post, leases, lease).status == 201)
            for (path, object, resource) in [
                ("\(leases)/l", lease, "leases.coordination.k8s.io \"l\""),
                ("\(Self.widgets)/w", widget(), "widgets.example.dev \"w\""),
            ] {
                let refused = try await send(client, .put, path, object)
                #expect(refused.status == 422, "\(path)")
                #expect(
                    refused.body["message"]
                        == .string(
                            "\(resource) is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
                        ))
                var current = object
                current["metadata"] = try await send(client, .get, path, nil).body["metadata"]
                #expect(try await send(client, .put, path, current).status == 200, "\(path)")
            }
            try #require(try await send(client, .post, Self.configMaps, configMap("c")).status == 201)
            #expect(try await send(client, .put, "\(Self.configMaps)/c", configMap("c")).status == 200)
        }
    }

    @Test("a deletion of another object, or of another version of it, is a conflict that names both")
    func deletePreconditions() async throws {
        try await ServedCluster.run { _, client, _ in
            let made = try await send(client, .post, Self.configMaps, configMap("c")).body["metadata"]
            let uid = try #require(made?["uid"]?.string)
            let version = try #require(made?["resourceVersion"]?.string)
            let cases: [(JSONValue, String)] = [
                (
                    ["uid": "0000"],
                    "the UID in the precondition (0000) does not match the UID in record (\(uid)). The object might have been deleted and then recreated"
                ),
                (
                    ["resourceVersion": "1"],
                    "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (\(version)). The object might have been modified"
                ),
            ]
            for (preconditions, why) in cases {
                let answer = try await send(
                    client, .delete, "\(Self.configMaps)/c",
                    ["kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions])
                #expect(answer.status == 409)
                #expect(
                    answer.body["message"]
                        == .string("Operation cannot be fulfilled on ConfigMap \"c\": \(why)"))
                #expect(answer.body["details"] == ["name": "c", "kind": "ConfigMap"])
            }
        }
    }

    @Test("a deletion answers with the object where the API does so, and with a Status elsewhere")
    func deletionAnswer() async throws {
        try await ServedCluster.run { _, client, _ in
            let services = "/api/v1/namespaces/default/services"
            let service: JSONValue = [
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": "s"], "spec": ["ports": [["port": 80]]],
            ]
            try #require(try await send(client, .post, services, service).status == 201)
            try #require(try await send(client, .post, Self.configMaps, configMap("c")).status == 201)
            let object = try await send(client, .delete, "\(services)/s", nil)
            #expect(object.status == 200 && object.body["kind"] == "Service")
            #expect(object.body["metadata", "name"] == "s")
            let status = try await send(client, .delete, "\(Self.configMaps)/c", nil)
            #expect(status.body["kind"] == "Status" && status.body["status"] == "Success")
        }
    }

    @Test("a limit that is no number is refused")
    func limit() async throws {
        try await ServedCluster.run { _, client, _ in
            let answer = try await send(client, .get, "\(Self.configMaps)?limit=x", nil)
            #expect(answer.status == 400)
            #expect(answer.body["message"] == #"strconv.ParseInt: parsing "x": invalid syntax"#)
        }
    }
}
