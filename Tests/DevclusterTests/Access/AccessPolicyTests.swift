import K8sClient
import Testing

@testable import devcluster

@Suite struct AccessPolicyTests {
    private let user = User.serviceAccount("app", namespace: "a", uid: "1")

    private func role(_ name: String, _ rules: JSONValue, namespace: String? = nil, labels: JSONValue = [:])
        -> JSONValue
    {
        var role: JSONValue = ["metadata": ["name": .string(name), "labels": labels], "rules": rules]
        if let namespace { role["metadata", "namespace"] = .string(namespace) }
        return role
    }

    private func binding(_ role: String, kind: String, namespace: String? = nil) -> JSONValue {
        var binding: JSONValue = [
            "metadata": ["name": "b"], "roleRef": ["kind": .string(kind), "name": .string(role)],
            "subjects": [["kind": "ServiceAccount", "name": "app", "namespace": "a"]],
        ]
        if let namespace { binding["metadata", "namespace"] = .string(namespace) }
        return binding
    }

    @Test("a role in a namespace allows what it names there and nothing elsewhere")
    func namespaced() {
        let policy = AccessPolicy(
            roles: [
                role(
                    "r",
                    [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["only"]]],
                    namespace: "a")
            ], clusterRoles: [], roleBindings: [binding("r", kind: "Role", namespace: "a")], clusterRoleBindings: [])
        func allows(_ name: String, _ namespace: String, _ verb: String = "get") -> Bool {
            policy.allows(user, AccessAttributes(verb: verb, resource: "secrets", namespace: namespace, name: name))
        }
        #expect(allows("only", "a"))
        #expect(!allows("another", "a"))
        #expect(!allows("only", "b"))
        #expect(!allows("only", "a", "list"))
        #expect(!allows("", "a"))
    }

    @Test("a subresource needs its own rule")
    func subresources() {
        let policy = AccessPolicy(
            roles: [],
            clusterRoles: [
                role("r", [["apiGroups": ["apps"], "resources": ["deployments", "*/scale"], "verbs": ["*"]]])
            ],
            roleBindings: [], clusterRoleBindings: [binding("r", kind: "ClusterRole")])
        func allows(_ subresource: String, group: String = "apps") -> Bool {
            policy.allows(
                user,
                AccessAttributes(
                    verb: "patch", group: group, resource: "deployments", subresource: subresource, namespace: "x"))
        }
        #expect(allows(""))
        #expect(allows("scale"))
        #expect(!allows("status"))
        #expect(!allows("", group: "batch"))
    }

    @Test("aggregated roles hold the rules of the roles that they select")
    func aggregation() {
        let policy = AccessPolicy(
            roles: [],
            clusterRoles: BuiltInRoles.clusterRoles + [
                role(
                    "extra", [["apiGroups": ["example.dev"], "resources": ["widgets"], "verbs": ["get"]]],
                    labels: ["rbac.authorization.k8s.io/aggregate-to-view": "true"])
            ], roleBindings: [binding("view", kind: "ClusterRole", namespace: "a")], clusterRoleBindings: [])
        func allows(_ verb: String, _ group: String, _ resource: String) -> Bool {
            policy.allows(user, AccessAttributes(verb: verb, group: group, resource: resource, namespace: "a"))
        }
        #expect(allows("list", "", "pods"))
        #expect(allows("get", "example.dev", "widgets"))
        #expect(!allows("get", "", "secrets"))
        #expect(!allows("create", "", "pods"))
    }

    @Test("paths without objects need rules about paths, and everybody may see the version")
    func paths() {
        let policy = AccessPolicy(
            roles: [], clusterRoles: BuiltInRoles.clusterRoles, roleBindings: [],
            clusterRoleBindings: BuiltInRoles.clusterRoleBindings)
        #expect(policy.allows(user, AccessAttributes(verb: "get", path: "/apis/apps/v1")))
        #expect(policy.allows(.anonymous, AccessAttributes(verb: "get", path: "/version")))
        #expect(!policy.allows(.anonymous, AccessAttributes(verb: "get", path: "/apis")))
        #expect(policy.allows(User(name: "root", groups: ["system:masters"]), AccessAttributes(verb: "x", path: "/y")))
    }

    @Test("a token speaks for its account until it expires; an altered or foreign one for nobody")
    func tokens() throws {
        let issuer = TokenIssuer(key: Array(repeating: 7, count: 32))
        var claims = TokenIssuer.Claims(
            namespace: "a", serviceAccount: "app", serviceAccountUID: "1", audiences: ["x"], expires: 4_000_000_000)
        let token = issuer.issue(claims)
        #expect(issuer.claims(of: token) == claims)
        #expect(issuer.claims(of: String(token.dropLast()) + "x") == nil)
        #expect(TokenIssuer(key: Array(repeating: 8, count: 32)).claims(of: token) == nil)
        #expect(issuer.claims(of: "nope") == nil)
        claims.expires = 1_000_000_000
        #expect(issuer.claims(of: issuer.issue(claims)) == nil)
    }
}
