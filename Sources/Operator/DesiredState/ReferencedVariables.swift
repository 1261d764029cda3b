extension ChatBackend {
    /// The variables whose values come from keys of Secrets in the namespace, besides all of `NAME-secret`.
    var secretReferences: [(variable: String, reference: SecretKeyReference)] {
        var references: [(String, SecretKeyReference?)] = [
            ("OPENAI_API_KEY", spec.openai.apiKeySecretRef), ("SECRET_KEY", spec.auth?.secretKeySecretRef),
            ("SMTP_PASSWORD", spec.smtp?.passwordSecretRef), (SecretKey.redisURL, spec.cache?.external?.urlSecretRef),
        ]
        switch spec.databaseChoice {
        case .external(let database): references.append((SecretKey.databaseURL, database.urlSecretRef))
        case .cloudNativePG:
            references.append(
                (SecretKey.databaseURL, SecretKeyReference(name: objectNames.databaseClusterSecret, key: "uri")))
        case .managed, .sqlite: break
        }
        return references.compactMap { variable, reference in reference.map { (variable, $0) } }
    }
}
