import K8sClient

/// Kinds that only answer a question: who am I, may I, whose token is this.
extension ResourceHandler {
    func review() throws(StatusError) -> APIAnswer {
        guard call.method == "POST", resource.name == nil else { throw .methodNotAllowed(call.verb) }
        var warnings: [String] = []
        var review = try registry.decode(try body.object(), kind, try writeOptions("CreateOptions"), &warnings)
        review["status"] = try status(review["spec"] ?? [:])
        return try answer(review, status: 201, warnings: warnings)
    }

    private func status(_ spec: JSONValue) throws(StatusError) -> JSONValue {
        switch kind.kind {
        case "SelfSubjectReview":
            return ["userInfo": Self.info(user)]
        case "TokenReview":
            guard let claims = server.authenticator.tokens.claims(of: spec["token"]?.string ?? ""),
                let owner = server.authenticator.user(claims)
            else { return ["user": [:], "error": "invalid bearer token"] }
            return ["authenticated": true, "user": Self.info(owner), "audiences": JSONValue(claims.audiences)]
        case "SelfSubjectRulesReview":
            let namespace = spec["namespace"]?.string ?? ""
            guard !namespace.isEmpty else { throw .badRequest("no namespace on request") }
            var rules = try server.authorizer.policy().rules(for: user, namespace: namespace)
            if user.isSuperuser {
                rules.append(PolicyRule(["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]))
                rules.append(PolicyRule(["verbs": ["*"], "nonResourceURLs": ["*"]]))
            }
            return [
                "resourceRules": .array(rules.filter { !$0.resources.isEmpty }.map(\.object)),
                "nonResourceRules": .array(rules.filter { !$0.nonResourceURLs.isEmpty }.map(\.object)),
                "incomplete": false,
            ]
        case "SelfSubjectAccessReview":
            return try access(of: user, spec)
        default:
            let name = spec["user"]?.string ?? ""
            let groups = (spec["groups"]?.array ?? []).compactMap(\.string)
            guard !name.isEmpty || !groups.isEmpty else {
                throw .invalid(
                    kind.groupKind, "", [.invalid("spec.user", "", "at least one of user or group must be specified")])
            }
            return try access(of: User(name: name, groups: groups), spec)
        }
    }

    private func access(of subject: User, _ spec: JSONValue) throws(StatusError) -> JSONValue {
        let wanted: AccessAttributes
        if let attributes = spec["resourceAttributes"] {
            func text(_ name: String) -> String { attributes[name]?.string ?? "" }
            wanted = AccessAttributes(
                verb: text("verb"), group: text("group"), resource: text("resource"), subresource: text("subresource"),
                namespace: resource.namespace ?? text("namespace"), name: text("name"))
        } else if let attributes = spec["nonResourceAttributes"] {
            wanted = AccessAttributes(
                verb: attributes["verb"]?.string ?? "", path: attributes["path"]?.string ?? "")
        } else {
            throw .invalid(
                kind.groupKind, "",
                [
                    .invalid(
                        "spec.resourceAttributes", .null,
                        "exactly one of nonResourceAttributes or resourceAttributes must be specified")
                ])
        }
        return ["allowed": .bool(try server.authorizer.allows(subject, wanted))]
    }

    private static func info(_ user: User) -> JSONValue {
        var info: JSONValue = ["username": .string(user.name), "groups": JSONValue(user.groups)]
        if !user.uid.isEmpty { info["uid"] = .string(user.uid) }
        return info
    }
}
