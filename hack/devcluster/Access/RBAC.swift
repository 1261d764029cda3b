import K8sClient

/// What somebody wants to do, as the authorizer sees it.
struct AccessAttributes: Sendable, Hashable {
    var verb: String
    var group = ""
    var resource = ""
    var subresource = ""
    var namespace = ""
    var name = ""
    /// Set instead of a resource for paths such as `/healthz`.
    var path: String?

    /// `pods/log`, as rules write it.
    var fullResource: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }
}

/// A rule of a role (`rbac.authorization.k8s.io/v1 PolicyRule`).
struct PolicyRule: Sendable, Hashable {
    var verbs: [String]
    var apiGroups: [String]
    var resources: [String]
    var resourceNames: [String]
    var nonResourceURLs: [String]

    init(_ object: JSONValue) {
        func strings(_ member: String) -> [String] { (object[member]?.array ?? []).compactMap(\.string) }
        verbs = strings("verbs")
        apiGroups = strings("apiGroups")
        resources = strings("resources")
        resourceNames = strings("resourceNames")
        nonResourceURLs = strings("nonResourceURLs")
    }

    var object: JSONValue {
        var object: JSONValue = ["verbs": JSONValue(verbs)]
        if !apiGroups.isEmpty { object["apiGroups"] = JSONValue(apiGroups) }
        if !resources.isEmpty { object["resources"] = JSONValue(resources) }
        if !resourceNames.isEmpty { object["resourceNames"] = JSONValue(resourceNames) }
        if !nonResourceURLs.isEmpty { object["nonResourceURLs"] = JSONValue(nonResourceURLs) }
        return object
    }

    func allows(_ wanted: AccessAttributes) -> Bool {
        guard verbs.contains("*") || verbs.contains(wanted.verb) else { return false }
        if let path = wanted.path {
            return nonResourceURLs.contains { url in
                url == "*" || url == path || (url.hasSuffix("*") && path.hasPrefix(url.dropLast()))
            }
        }
        guard apiGroups.contains("*") || apiGroups.contains(wanted.group) else { return false }
        guard
            resources.contains(where: { rule in
                rule == "*" || rule == wanted.fullResource
                    || (!wanted.subresource.isEmpty && rule == "*/\(wanted.subresource)")
            })
        else { return false }
        return resourceNames.isEmpty || resourceNames.contains(wanted.name)
    }
}

/// Who may do what, compiled from roles and their bindings.
struct AccessPolicy: Sendable {
    struct Binding: Sendable {
        /// nil for every namespace and for what lies in none.
        var namespace: String?
        var subjects: [Subject]
        var rules: [PolicyRule]
        /// What is said about it to whom it allowed something.
        var reason: String
    }

    enum Subject: Sendable, Hashable {
        case user(String)
        case group(String)

        init?(_ object: JSONValue, defaultNamespace: String) {
            guard let name = object["name"]?.string else { return nil }
            switch object["kind"]?.string {
            case "User": self = .user(name)
            case "Group": self = .group(name)
            case "ServiceAccount":
                self = .user("system:serviceaccount:\(object["namespace"]?.string ?? defaultNamespace):\(name)")
            default: return nil
            }
        }

        func includes(_ user: User) -> Bool {
            switch self {
            case .user(let name): name == user.name || name == "*"
            case .group(let name): user.groups.contains(name)
            }
        }
    }

    var bindings: [Binding]

    func allows(_ user: User, _ wanted: AccessAttributes) -> Bool {
        user.isSuperuser
            || bindings.contains { binding in
                (binding.namespace == nil || (binding.namespace == wanted.namespace && wanted.path == nil))
                    && binding.rules.contains { $0.allows(wanted) }
                    && binding.subjects.contains { $0.includes(user) }
            }
    }

    /// Every rule that holds for somebody in a namespace.
    func rules(for user: User, namespace: String) -> [PolicyRule] {
        bindings.filter { binding in
            (binding.namespace == nil || binding.namespace == namespace)
                && binding.subjects.contains { $0.includes(user) }
        }.flatMap(\.rules)
    }
}

extension AccessPolicy {
    /// Compiles the objects of the four RBAC kinds.
    init(roles: [JSONValue], clusterRoles: [JSONValue], roleBindings: [JSONValue], clusterRoleBindings: [JSONValue]) {
        func rules(_ role: JSONValue) -> [PolicyRule] { (role["rules"]?.array ?? []).map(PolicyRule.init) }
        var namespaced: [String: [PolicyRule]] = [:]
        for role in roles { namespaced["\(role.meta.namespace)/\(role.meta.name)"] = rules(role) }
        var cluster: [String: [PolicyRule]] = [:]
        for role in clusterRoles {
            var all = rules(role)
            for selector in role["aggregationRule", "clusterRoleSelectors"]?.array ?? [] {
                guard let selector = LabelSelector(selector) else { continue }
                for other in clusterRoles where selector.matches(other.meta.labels) { all += rules(other) }
            }
            cluster[role.meta.name] = all
        }
        bindings = clusterRoleBindings.map { binding in
            Self.binding(binding, namespace: nil, rules: cluster[binding["roleRef", "name"]?.string ?? ""] ?? [])
        }
        bindings += roleBindings.map { binding in
            let name = binding["roleRef", "name"]?.string ?? ""
            let isCluster = binding["roleRef", "kind"]?.string == "ClusterRole"
            let rules = isCluster ? cluster[name] : namespaced["\(binding.meta.namespace)/\(name)"]
            return Self.binding(binding, namespace: binding.meta.namespace, rules: rules ?? [])
        }
    }

    private static func binding(_ object: JSONValue, namespace: String?, rules: [PolicyRule]) -> Binding {
        let kind = namespace == nil ? "ClusterRoleBinding" : "RoleBinding"
        return Binding(
            namespace: namespace,
            subjects: (object["subjects"]?.array ?? []).compactMap {
                Subject($0, defaultNamespace: object.meta.namespace)
            },
            rules: rules,
            reason: "RBAC: allowed by \(kind) \(quoted(object.meta.name)) of "
                + "\(object["roleRef", "kind"]?.string ?? "") \(quoted(object["roleRef", "name"]?.string ?? ""))")
    }
}
