import K8sClient

extension ChatBackend {
    var secretIdentity: ObjectIdentity {
        ObjectIdentity(apiVersion: "v1", kind: "Secret", namespace: namespace, name: objectNames.secret)
    }
}

extension Reconciler {
    /// What the pods' Secrets hold: read when `NAME-secret` changed, which its watch tells, and from time to time where a
    /// reference names another, which none does.
    func observeSecrets(
        of backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(Interruption) -> PreparedSecrets {
        record.dropSeen { caches.object($0) }
        let identity = backend.secretIdentity
        let ownVersion = (record.unseen[identity]?.object ?? caches.object(identity))?.resourceVersion
        if let known = record.secrets, known.stands(for: backend, ownVersion: ownVersion, now: .now) {
            return PreparedSecrets(own: nil, hash: known.seen.hash, missing: known.missing)
        }
        do {
            return try await readSecrets(of: backend, &record)
        } catch {
            throw Interruption(error, writing: "the Secrets of \(backend.namespace)")
        }
    }

    private func readSecrets(
        of backend: ChatBackend, _ record: inout BackendRecord
    ) async throws(KubernetesError) -> PreparedSecrets {
        let own = try await ownSecret(of: backend, mayExist: !record.isNamespaceNew)
        var others: [String: [String: String]] = [:]
        let names = Set(backend.secretReferences.map(\.reference.name)).subtracting([backend.objectNames.secret])
        for name in names where !record.isNamespaceNew {
            others[name] = try await secretValues(name, of: backend)?.values
        }
        var missing: [MissingSecret] = []
        var referenced: [String: String] = [:]
        for (variable, reference) in backend.secretReferences {
            let isOwn = reference.name == backend.objectNames.secret
            let values = isOwn ? own.values : others[reference.name]
            if let value = values?[reference.key] {
                referenced[variable] = value
            } else {
                missing.append(
                    MissingSecret(
                        variable: variable, reference: reference, isKeyAlone: values != nil,
                        isAwaited: reference.name == backend.objectNames.databaseClusterSecret
                            && backend.spec.database?.cloudNativePG != nil))
            }
        }
        let key = referenced["SECRET_KEY"] ?? own.values["SECRET_KEY"] ?? backend.metadata.uid
        let hash = Digest(of: [JSONValue(own.values), JSONValue(referenced)], key: key)
        let patience = missing.isEmpty ? KnownSecrets.patience : KnownSecrets.patienceWithMissing
        record.secrets = KnownSecrets(
            seen: SecretsSeen(resourceVersion: own.resourceVersion, hash: hash),
            generation: backend.metadata.generation, missing: missing,
            freshUntil: names.isEmpty && missing.isEmpty ? nil : .now + patience)
        return PreparedSecrets(own: own.values, hash: hash, missing: missing)
    }

    /// The values of `NAME-secret` as they are to be, and the version that they were read at.
    /// - Parameter mayExist: False when it cannot be there, because its namespace was not a moment ago.
    func ownSecret(
        of backend: ChatBackend, mayExist: Bool
    ) async throws(KubernetesError) -> (values: [String: String], resourceVersion: String) {
        let manifest = ManifestContext(backend: backend, facts: ObservedFacts()).secret()
        let found = mayExist ? try await secretValues(backend.objectNames.secret, of: backend) : nil
        return (manifest.completed(found?.values ?? [:]), found?.resourceVersion ?? "")
    }

    private func secretValues(
        _ name: String, of backend: ChatBackend
    ) async throws(KubernetesError) -> (values: [String: String], resourceVersion: String)? {
        guard let secret = try await client.getIfPresent(.secrets, name, namespace: backend.namespace) else {
            return nil
        }
        let values = (secret["data"]?.object ?? [:]).compactMapValues { $0.string.flatMap(SecretText.text) }
        return (values, secret["metadata", "resourceVersion"]?.string ?? "")
    }
}
