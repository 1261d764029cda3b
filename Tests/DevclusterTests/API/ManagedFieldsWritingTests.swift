import K8sClient
import Testing

@testable import devcluster

/// `managedFields` that a writer sets itself, as Kubernetes 1.36 takes them.
@Suite struct ManagedFieldsWritingTests {
    private static let configMaps = "/api/v1/namespaces/default/configmaps"
    private static let path = "\(configMaps)/c?fieldManager"

    private func patch(
        _ client: KubernetesClient, _ manager: String, _ body: JSONValue,
        _ type: String = "application/merge-patch+json"
    ) async throws -> JSONValue {
        let response = try await client.raw(
            .init(.patch, "\(Self.path)=\(manager)", body: body.jsonBytes(), contentType: type))
        try #require(response.status < 300, "\(String(decoding: response.body, as: UTF8.self))")
        return try JSONValue(parsing: response.body)
    }

    private func apply(
        _ client: KubernetesClient, _ manager: String, _ value: String, annotations: JSONValue? = nil
    ) async throws -> JSONValue {
        var object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": .string(value)],
        ]
        object["metadata", "annotations"] = annotations
        return try await patch(client, manager, object, "application/apply-patch+yaml")
    }

    private func owners(_ object: JSONValue) -> [String] {
        (object["metadata", "managedFields"]?.array ?? []).map {
            "\($0["manager"]?.string ?? "") \($0["operation"]?.string ?? "") \($0["fieldsV1"]?.jsonText ?? "")"
        }
    }

    private func entry(_ more: JSONValue = [:]) -> JSONValue {
        let whole: JSONValue = [
            "manager": "new", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": ["f:data": ["f:a": [:]]],
        ]
        return .object((whole.object ?? [:]).merging(more.object ?? [:]) { $1 })
    }

    @Test("whole entries replace the recorded ones, and what cannot be read is passed over")
    func replacing() async throws {
        try await ServedCluster.run { _, client, _ in
            let applied = #"{"f:data":{"f:a":{}}}"#
            #expect(owners(try await apply(client, "op", "1")) == ["op Apply \(applied)"])
            for broken: JSONValue in [
                ["operation": "Frob"], ["fieldsType": "X"], ["apiVersion": ""], ["fieldsV1": ["data": [:]]],
            ] {
                let kept = try await patch(client, "z", ["metadata": ["managedFields": [entry(broken)]]])
                #expect(owners(kept) == ["op Apply \(applied)"], "\(broken.jsonText)")
            }
            let replaced = try await patch(
                client, "z", ["metadata": ["managedFields": [entry()]], "data": ["b": "1"]])
            #expect(owners(replaced) == ["new Apply \(applied)", #"z Update {"f:data":{"f:b":{}}}"#])
        }
    }

    @Test(
        "an empty list forgets all owners, until an apply finds what was there before it",
        arguments: [[], [[:]]] as [JSONValue])
    func forgetting(_ list: JSONValue) async throws {
        try await ServedCluster.run { _, client, _ in
            _ = try await apply(client, "op", "1")
            #expect(owners(try await patch(client, "z", ["metadata": ["managedFields": list]])).isEmpty)
            #expect(owners(try await patch(client, "z", ["data": ["b": "1"]])).isEmpty)
            let response = try await client.raw(
                .init(
                    .patch, "\(Self.path)=op",
                    body: Array(#"{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"2"}}"#.utf8),
                    contentType: "application/apply-patch+yaml"))
            #expect(response.status == 409)
            #expect(String(decoding: response.body, as: UTF8.self).contains("before-first-apply"))
            #expect(
                owners(try await apply(client, "op", "1")) == [
                    #"op Apply {"f:data":{"f:a":{}}}"#,
                    #"before-first-apply Update {"f:data":{".":{},"f:a":{},"f:b":{}}}"#,
                ])
        }
    }

    @Test("kubectl's own record of what it applied follows its applies on the server")
    func lastApplied() async throws {
        let name = "kubectl.kubernetes.io/last-applied-configuration"
        try await ServedCluster.run { _, client, _ in
            #expect(try await apply(client, "kubectl", "1")["metadata", "annotations"] == nil)
            _ = try await patch(client, "z", ["metadata": ["annotations": [name: "old"]]])
            let record = try await apply(client, "kubectl", "2")["metadata", "annotations", name]?.string
            #expect(
                record
                    == #"{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}}"# + "\n")
            let others = try await patch(
                client, "op", ["apiVersion": "v1", "kind": "ConfigMap", "data": ["q": "1"]],
                "application/apply-patch+yaml")
            #expect(others["metadata", "annotations", name]?.string == record)
        }
    }
}
