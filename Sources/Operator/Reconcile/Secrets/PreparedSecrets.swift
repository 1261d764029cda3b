import K8sClient

/// What one run needs of the Secrets. It holds values, and ends with the run.
struct PreparedSecrets: Sendable {
    /// The values of `NAME-secret` as they are to be; nil where they did not have to be read.
    let own: [String: String]?
    /// Keyed, of every value that the pods read.
    let hash: Digest
    let missing: [MissingSecret]

    /// Ends the run when a Secret is missing.
    func check(_ backend: ChatBackend) throws(Interruption) {
        let again = ReconcileOutcome.recheck(after: KnownSecrets.patienceWithMissing + .seconds(1))
        let wanted = missing.filter { !$0.isAwaited }
        if !wanted.isEmpty {
            let message = wanted.map { $0.message(namespace: backend.namespace) }.joined(separator: " ")
            throw .refused(Refusal(reason: Reason.secretMissing, message: message), again)
        }
        if let awaited = missing.first {
            throw .waiting(
                reason: Reason.databasePending,
                message: "Waiting for CloudNativePG to make the database and the Secret \(awaited.reference.name).",
                again)
        }
    }
}

extension Manifest {
    /// The values of a Secret as they are to be: those that are there stand, what is made once is made where it is missing,
    /// addresses follow their passwords.
    func completed(_ existing: [String: String]) -> [String: String] {
        var values = existing
        for key in generatedKeys where values[key]?.isEmpty ?? true { values[key] = GeneratedSecret.value() }
        for composed in composedKeys {
            values[composed.key] = composed.value(password: values[composed.passwordKey] ?? "")
        }
        return values
    }
}
