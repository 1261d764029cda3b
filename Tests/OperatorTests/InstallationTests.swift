import FoundationEssentials
import K8sClient
import Testing

@testable import Operator

/// What the files that a cluster is given say, against what the program does.
@Suite struct InstallationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func documents(_ path: String) throws -> [JSONValue] {
        try YAML.parse(String(contentsOf: Self.root.appending(path: path), encoding: .utf8)).map(\.value)
    }

    private func specSchema() throws -> JSONValue {
        let crd = try #require(documents("crds/chatbackends.chatbackend.io.yaml").first)
        return try #require(
            crd["spec", "versions"]?.array?.first?["schema", "openAPIV3Schema", "properties", "spec"])
    }

    /// What the API server's defaulting makes of a value.
    private func defaulted(_ value: JSONValue, _ schema: JSONValue) -> JSONValue {
        var value = value
        for (name, property) in schema["properties"]?.object ?? [:] where value.object != nil {
            if value[name] == nil, let fallback = property["default"] { value[name] = fallback }
            if let member = value[name] { value[name] = defaulted(member, property) }
        }
        return value
    }

    @Test("an empty specification reads the same in the program as with the schema's defaults")
    func defaultsAgree() throws {
        let program = try JSONValue(encoding: ChatBackendSpec())
        #expect(program == defaulted([:], try specSchema()))
    }

    @Test("members with members of their own default alike")
    func nestedDefaultsAgree() throws {
        let given: JSONValue = [
            "exposure": ["ingress": ["host": "a.example.dev"]], "backup": ["storage": [:]], "monitoring": [:],
            "resources": ["limits": ["cpu": "2"]],
            "database": [
                "managed": [:], "sqlite": ["storage": ["storageClassName": "x"]], "cloudNativePG": [:],
                "pool": ["size": 3],
            ], "cache": ["managed": [:], "none": [:]],
        ]
        let program = try JSONValue(encoding: given.decode(ChatBackendSpec.self))
        #expect(program == defaulted(given, try specSchema()))
    }

    @Test("every field that the program knows is in the schema, and the other way round")
    func fieldsAgree() throws {
        let full = try #require(documents("Tests/OperatorTests/Golden/full.yaml").first?["spec"])
        let names = Set((full.object ?? [:]).keys)
        #expect(names == Set(try #require(specSchema()["properties"]?.object).keys))
    }

    @Test("the ClusterRole lists exactly the kinds that the operator makes, with what applying and pruning need")
    func clusterRole() throws {
        let role = try #require(
            documents("charts-free-manifests/rbac.yaml").first { $0["kind"] == "ClusterRole" })
        var verbs: [String: Set<String>] = [:]
        for rule in role["rules"]?.array ?? [] {
            for group in rule["apiGroups"]?.array ?? [] {
                for resource in rule["resources"]?.array ?? [] {
                    verbs["\(group.string ?? "")/\(resource.string ?? "")", default: []]
                        .formUnion(rule["verbs"]?.array?.compactMap(\.string) ?? [])
                }
            }
        }
        for resource in OwnedKinds.all {
            let granted = verbs.removeValue(forKey: "\(resource.group)/\(resource.plural)") ?? []
            #expect(granted.isSuperset(of: ["list", "watch", "create", "patch", "delete"]), "\(resource.plural)")
        }
        #expect(
            Set(verbs.keys) == [
                "chatbackend.io/chatbackends", "chatbackend.io/chatbackends/status",
                "chatbackend.io/chatbackends/finalizers", "events.k8s.io/events",
                "apiextensions.k8s.io/customresourcedefinitions",
            ])
        #expect(!verbs.values.contains { $0.contains("*") })
    }

    @Test("a file's mistakes are named with line, column and field")
    func fileErrors() {
        func message(_ text: String) -> String {
            do {
                _ = try ChatBackend.read(text, origin: "f.yaml")
                return ""
            } catch {
                return error.description
            }
        }
        #expect(message("a: b: c").contains("f.yaml: line 1, column"))
        #expect(message("").contains("there is no ChatBackend"))
        #expect(message("kind: Pod\napiVersion: v1").contains("the kind Pod of v1 is not known here"))
        let head = "apiVersion: chatbackend.io/v1\nkind: ChatBackend\nmetadata: {name: a}\n"
        #expect(message(head + "spec: {replica: 3}").contains("unknown field spec.replica"))
        #expect(message(head + "spec: {replicas: three}").contains("spec.replicas"))
        #expect(message(head + "spec: {backup: {retainDays: 3}}").contains("unknown field spec.backup.retainDays"))
    }
}
