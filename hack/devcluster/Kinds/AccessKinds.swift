import K8sClient

extension BuiltInKinds {
    static let access: [KindDefinition] = [
        role("ClusterRole", "clusterroles", namespaced: false), role("Role", "roles", namespaced: true),
        binding("ClusterRoleBinding", "clusterrolebindings", namespaced: false),
        binding("RoleBinding", "rolebindings", namespaced: true),
    ]

    private static let group = "rbac.authorization.k8s.io"

    private static func role(_ name: String, _ resource: String, namespaced: Bool) -> KindDefinition {
        make(group, "v1", name, resource, namespaced: namespaced) { kind in
            kind.nameRule = .pathSegment
            kind.validate = { object, errors in
                for (index, rule) in (object["rules"]?.array ?? []).enumerated() {
                    let path = "rules[\(index)]"
                    if rule["verbs"]?.isEmpty ?? true {
                        errors.append(.required("\(path).verbs", "verbs must contain at least one value"))
                    }
                    let isURL = rule["nonResourceURLs"]?.isEmpty == false
                    if isURL, namespaced {
                        errors.append(
                            .invalid(
                                "\(path).nonResourceURLs", rule["nonResourceURLs"] ?? [],
                                "namespaced rules cannot apply to non-resource URLs"))
                    }
                    if isURL { continue }
                    if rule["apiGroups"]?.isEmpty ?? true {
                        errors.append(
                            .required("\(path).apiGroups", "resource rules must supply at least one api group"))
                    }
                    if rule["resources"]?.isEmpty ?? true {
                        errors.append(
                            .required("\(path).resources", "resource rules must supply at least one resource"))
                    }
                }
            }
        }
    }

    private static func binding(_ name: String, _ resource: String, namespaced: Bool) -> KindDefinition {
        make(group, "v1", name, resource, namespaced: namespaced) { kind in
            kind.nameRule = .pathSegment
            kind.defaults = { object in
                object.setDefault("roleRef", "apiGroup", value: .string(group))
                object.updateEach("subjects") { subject in
                    if subject["kind"]?.string != "ServiceAccount" {
                        subject.setDefault("apiGroup", value: .string(group))
                    }
                }
            }
            kind.validate = { object, errors in
                let kinds = namespaced ? ["ClusterRole", "Role"] : ["ClusterRole"]
                if let referred = object["roleRef", "kind"]?.string, !referred.isEmpty, !kinds.contains(referred) {
                    errors.append(.notSupported("roleRef.kind", .string(referred), kinds))
                }
                for (index, subject) in (object["subjects"]?.array ?? []).enumerated() {
                    let path = "subjects[\(index)]"
                    if subject["name"]?.string?.isEmpty ?? true { errors.append(.required("\(path).name")) }
                    let kinds = ["Group", "ServiceAccount", "User"]
                    let kind = subject["kind"]?.string ?? ""
                    if !kinds.contains(kind) { errors.append(.notSupported("\(path).kind", .string(kind), kinds)) }
                    if kind == "ServiceAccount", !namespaced, subject["namespace"]?.string?.isEmpty ?? true {
                        errors.append(.required("\(path).namespace"))
                    }
                }
            }
            kind.validateUpdate = { new, old, errors in
                if new["roleRef"] != old["roleRef"] {
                    errors.append(.invalid("roleRef", new["roleRef"] ?? [:], "cannot change roleRef"))
                }
            }
            kind.columns = [.name, TableColumn(name: "Role"), .age]
            kind.cells = { object in
                [
                    .string(object.meta.name),
                    .string(
                        "\(object["roleRef", "kind"]?.string ?? "")/\(object["roleRef", "name"]?.string ?? "")"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    /// Questions that are answered and not kept.
    static let reviews: [KindDefinition] = [
        review("authentication.k8s.io", "TokenReview", "tokenreviews"),
        review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
        review("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews", namespaced: true),
        review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews"),
    ]

    private static func review(_ group: String, _ name: String, _ resource: String, namespaced: Bool = false)
        -> KindDefinition
    {
        make(group, "v1", name, resource, namespaced: namespaced) { $0.isVirtual = true }
    }
}
