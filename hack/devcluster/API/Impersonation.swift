import HTTPTypes

/// Somebody asks to be taken for somebody else (`kubectl --as`), who must be allowed to.
struct Impersonation: Sendable {
    private let name: String
    private let groups: [String]
    private let uid: String

    /// nil when the headers ask for nothing of the kind.
    init?(_ headers: HTTPFields) {
        func values(_ header: String) -> [String] {
            HTTPField.Name(header).map { headers[values: $0] } ?? []
        }
        guard let name = values("Impersonate-User").first, !name.isEmpty else { return nil }
        self.name = name
        groups = values("Impersonate-Group")
        uid = values("Impersonate-Uid").first ?? ""
    }

    /// - Throws: 403 when the requester may not impersonate the user or one of the groups.
    func user(for requester: User, _ authorizer: Authorizer) throws(StatusError) -> User {
        let parts = name.split(separator: ":")
        var groups = groups
        if name.hasPrefix("system:serviceaccount:"), parts.count == 4 {
            let (namespace, account) = (String(parts[2]), String(parts[3]))
            try authorizer.authorize(
                requester,
                AccessAttributes(
                    verb: "impersonate", resource: "serviceaccounts", namespace: namespace, name: account))
            if groups.isEmpty { groups = ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"] }
        } else {
            try authorizer.authorize(
                requester, AccessAttributes(verb: "impersonate", resource: "users", name: name))
        }
        for group in self.groups {
            try authorizer.authorize(
                requester, AccessAttributes(verb: "impersonate", resource: "groups", name: group))
        }
        let outcome = name == User.anonymous.name ? "system:unauthenticated" : "system:authenticated"
        if !groups.contains(outcome) { groups.append(outcome) }
        return User(name: name, groups: groups, uid: uid)
    }
}
