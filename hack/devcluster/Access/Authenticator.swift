import K8sClient

/// Tells who makes a request, by client certificate or bearer token.
struct Authenticator: Sendable {
    let store: ClusterStore
    let tokens: TokenIssuer

    /// - Parameters:
    ///   - certificate: the client certificate's subject, already checked against the cluster's authority.
    ///   - authorization: the `Authorization` header.
    /// - Throws: 401 for a token that is not good.
    func user(certificate: User?, authorization: String?) throws(StatusError) -> User {
        if let certificate { return certificate }
        guard let authorization else { return .anonymous }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return .anonymous }
        guard let claims = tokens.claims(of: String(parts[1])), let user = user(claims) else { throw .unauthorized }
        return user
    }

    /// The account that a token speaks for, as long as it and the pod it was made for exist.
    func user(_ claims: TokenIssuer.Claims) -> User? {
        let account = store.get(
            GroupResource("", "serviceaccounts"),
            ObjectKey(namespace: claims.namespace, name: claims.serviceAccount))
        guard let account, account.uid == claims.serviceAccountUID else { return nil }
        if let name = claims.podName, let uid = claims.podUID {
            let pod = store.get(GroupResource("", "pods"), ObjectKey(namespace: claims.namespace, name: name))
            guard pod?.uid == uid else { return nil }
        }
        return .serviceAccount(claims.serviceAccount, namespace: claims.namespace, uid: claims.serviceAccountUID)
    }
}

extension User {
    static func serviceAccount(_ name: String, namespace: String, uid: String) -> User {
        User(
            name: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"], uid: uid)
    }
}
