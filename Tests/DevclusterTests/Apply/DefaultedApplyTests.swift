import K8sClient
import Testing

@testable import devcluster

/// Applies of an empty object whose members the schema fills in, as `backup: {}` of a ChatBackend.
@Suite struct DefaultedApplyTests {
    /// `generation backup managers`
    private func apply(_ client: KubernetesClient, _ manager: String, _ spec: JSONValue) async throws -> String {
        let body: JSONValue = [
            "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": spec,
        ]
        let response = try await client.raw(
            .init(
                .patch, WidgetKind.path + "/w?fieldManager=\(manager)", body: body.jsonBytes(),
                contentType: "application/apply-patch+yaml"))
        let object = try JSONValue(parsing: response.body)
        guard response.status < 300 else { return object["message"]?.string ?? "" }
        let owners = (object["metadata", "managedFields"]?.array ?? []).map {
            "\($0["manager"]?.string ?? "")=\($0["fieldsV1", "f:spec", "f:backup"]?.jsonText ?? "-")"
        }
        let backup = object["spec", "backup"]?.jsonText ?? "-"
        return "\(object["metadata", "generation"]?.int ?? 0) \(backup) \(owners.sorted().joined(separator: " "))"
    }

    @Test("applied again it changes nothing, another may apply it too, and it goes when nobody names it any more")
    func emptyObject() async throws {
        try await ServedCluster.run { _, client, _ in
            try await WidgetKind.define(
                client,
                spec: [
                    "size": ["type": "integer"],
                    "backup": ["type": "object", "properties": ["days": ["type": "integer", "default": 7]]],
                ])
            let empty: JSONValue = ["size": 1, "backup": [:]]
            #expect(try await apply(client, "one", empty) == #"1 {"days":7} one={}"#)
            #expect(try await apply(client, "one", empty) == #"1 {"days":7} one={}"#)
            #expect(try await apply(client, "two", ["backup": [:]]) == #"1 {"days":7} one={} two={}"#)
            #expect(
                try await apply(client, "two", ["backup": ["days": 9]])
                    == #"2 {"days":9} one={} two={"f:days":{}}"#)
            #expect(try await apply(client, "one", empty) == #"2 {"days":9} one={} two={"f:days":{}}"#)
            #expect(try await apply(client, "two", [:]) == #"3 {"days":7} one={} two=-"#)
            #expect(try await apply(client, "one", ["size": 1]) == "4 - one=- two=-")
        }
    }
}
