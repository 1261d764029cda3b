import COpenSSL
import K8sClient

/// What the server offers, as clients ask for it: per group and version, or all at once.
struct Discovery: Sendable {
    let kinds: [KindDefinition]

    private static let virtualVerbs = ["create"]
    private static let builtInVerbs = [
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    ]
    private static let customVerbs = [
        "delete", "deletecollection", "get", "list", "patch", "create", "update", "watch",
    ]

    func answer(_ segments: [String], accept: [MediaType]) throws(StatusError) -> APIAnswer {
        switch (segments[0], segments.count) {
        case ("api", 1):
            if let version = aggregatedVersion(accept) { return aggregated(groups: [""], version) }
            return .json([
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": ""]],
            ])
        case ("api", 2): return .json(try resources(group: "", version: segments[1]))
        case ("apis", 1):
            if let version = aggregatedVersion(accept) {
                return aggregated(groups: groups.filter { !$0.isEmpty }, version)
            }
            return .json([
                "kind": "APIGroupList", "apiVersion": "v1",
                "groups": .array(groups.filter { !$0.isEmpty }.map(group)),
            ])
        case ("apis", 2):
            guard groups.contains(segments[1]), !segments[1].isEmpty else { throw .pathNotFound }
            var object = group(segments[1])
            object["kind"] = "APIGroup"
            object["apiVersion"] = "v1"
            return .json(object)
        case ("apis", 3): return .json(try resources(group: segments[1], version: segments[2]))
        default: throw .pathNotFound
        }
    }

    /// The groups in the order of the catalog, each once.
    private var groups: [String] {
        var seen: Set<String> = []
        return kinds.map(\.group).filter { seen.insert($0).inserted }
    }

    private func versions(of group: String) -> [String] {
        var seen: Set<String> = []
        return kinds.filter { $0.group == group }.map(\.version).filter { seen.insert($0).inserted }
            .sorted { Self.priority($0).lexicographicallyPrecedes(Self.priority($1)) }
    }

    /// Stable before beta before alpha, newer before older.
    private static func priority(_ version: String) -> [Int] {
        let text = version.dropFirst()
        let major = Int(text.prefix { $0.isNumber }) ?? 0
        for (rank, stage) in [(1, "beta"), (2, "alpha")] {
            if let range = text.firstRange(of: stage) {
                return [rank, -major, -(Int(text[range.upperBound...]) ?? 0)]
            }
        }
        return [0, -major, 0]
    }

    private func group(_ name: String) -> JSONValue {
        let versions = versions(of: name).map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? [:]]
    }

    // MARK: One group version

    private func resources(group: String, version: String) throws(StatusError) -> JSONValue {
        let served = kinds.filter { $0.group == group && $0.version == version }
        guard !served.isEmpty else { throw .pathNotFound }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(served.flatMap(resources)),
        ]
    }

    private func resources(_ kind: KindDefinition) -> [JSONValue] {
        var resource: JSONValue = [
            "name": .string(kind.resource), "singularName": .string(kind.singular),
            "namespaced": .bool(kind.isNamespaced), "kind": .string(kind.kind), "verbs": JSONValue(verbs(kind)),
        ]
        if !kind.shortNames.isEmpty { resource["shortNames"] = JSONValue(kind.shortNames) }
        if !kind.categories.isEmpty { resource["categories"] = JSONValue(kind.categories) }
        if !kind.isVirtual { resource["storageVersionHash"] = .string(Self.storageVersionHash(kind)) }
        return [resource]
            + subresources(kind).map { subresource in
                var object: JSONValue = [
                    "name": .string("\(kind.resource)/\(subresource.name)"), "singularName": "",
                    "namespaced": .bool(kind.isNamespaced), "kind": .string(subresource.kind),
                    "verbs": JSONValue(subresource.verbs),
                ]
                if let group = subresource.group { object["group"] = .string(group) }
                if let version = subresource.version { object["version"] = .string(version) }
                return object
            }
    }

    private func verbs(_ kind: KindDefinition) -> [String] {
        kind.isVirtual ? Self.virtualVerbs : kind.isBuiltIn ? Self.builtInVerbs : Self.customVerbs
    }

    private struct Subresource {
        var name: String
        var kind: String
        var group: String?
        var version: String?
        var verbs: [String]
    }

    private func subresources(_ kind: KindDefinition) -> [Subresource] {
        var result: [Subresource] = []
        switch (kind.group, kind.resource) {
        case ("", "namespaces"): result.append(Subresource(name: "finalize", kind: "Namespace", verbs: ["update"]))
        case ("", "serviceaccounts"):
            result.append(
                Subresource(
                    name: "token", kind: "TokenRequest", group: "authentication.k8s.io", version: "v1",
                    verbs: ["create"]))
        case ("", "pods"):
            result.append(Subresource(name: "binding", kind: "Binding", verbs: ["create"]))
            result.append(
                Subresource(name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"]))
            result.append(Subresource(name: "log", kind: "Pod", verbs: ["get"]))
        default: break
        }
        if kind.hasStatus {
            result.append(Subresource(name: "status", kind: kind.kind, verbs: ["get", "patch", "update"]))
        }
        if kind.scale != nil {
            result.append(
                Subresource(
                    name: "scale", kind: "Scale", group: "autoscaling", version: "v1",
                    verbs: ["get", "patch", "update"]))
        }
        return result
    }

    /// What tells clients that the stored form of a resource changed.
    private static func storageVersionHash(_ kind: KindDefinition) -> String {
        let text = Array("\(kind.group)/\(kind.storageAPIVersion.split(separator: "/").last ?? "")/\(kind.kind)".utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(text, text.count, &digest)
        return Base64.encode(digest.prefix(8))
    }

    // MARK: All at once

    private func aggregatedVersion(_ accept: [MediaType]) -> String? {
        for type in accept where type.name == "application/json" {
            guard type.parameters["as"] == "APIGroupDiscoveryList", type.parameters["g"] == "apidiscovery.k8s.io" else {
                return nil
            }
            if let version = type.parameters["v"], ["v2", "v2beta1"].contains(version) { return version }
        }
        return nil
    }

    private func aggregated(groups: [String], _ version: String) -> APIAnswer {
        let items = groups.map { group -> JSONValue in
            [
                "metadata": group.isEmpty
                    ? ["creationTimestamp": .null] : ["name": .string(group), "creationTimestamp": .null],
                "versions": .array(
                    versions(of: group).map { version in
                        [
                            "version": .string(version), "freshness": "Current",
                            "resources": .array(
                                kinds.filter { $0.group == group && $0.version == version }.map(aggregated)),
                        ]
                    }),
            ]
        }
        var answer = APIAnswer.json([
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": [:],
            "items": .array(items),
        ])
        answer.contentType = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        return answer
    }

    private func aggregated(_ kind: KindDefinition) -> JSONValue {
        var resource: JSONValue = [
            "resource": .string(kind.resource), "singularResource": .string(kind.singular),
            "scope": kind.isNamespaced ? "Namespaced" : "Cluster", "verbs": JSONValue(verbs(kind)),
            "responseKind": [
                "group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind),
            ],
        ]
        if !kind.shortNames.isEmpty { resource["shortNames"] = JSONValue(kind.shortNames) }
        if !kind.categories.isEmpty { resource["categories"] = JSONValue(kind.categories) }
        let below = subresources(kind).map { subresource -> JSONValue in
            [
                "subresource": .string(subresource.name), "verbs": JSONValue(subresource.verbs),
                "responseKind": [
                    "group": .string(subresource.group ?? kind.group),
                    "version": .string(subresource.version ?? kind.version), "kind": .string(subresource.kind),
                ],
            ]
        }
        if !below.isEmpty { resource["subresources"] = .array(below) }
        return resource
    }
}
