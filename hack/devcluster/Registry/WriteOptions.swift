import K8sClient

/// How a write is to be done, as its query parameters say.
struct WriteOptions: Sendable {
    enum FieldValidation: String, Sendable { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    /// Who writes, for `managedFields`.
    var manager: String
    var isDryRun = false
    var fieldValidation = FieldValidation.warn
    /// nil writes everything but the status.
    var subresource: String?
    /// Whether an apply takes fields from their owners.
    var force = false

    /// The writer as `managedFields` records it.
    func writer(_ kind: KindDefinition) -> ManagedFields.Writer {
        ManagedFields.Writer(
            manager: manager, apiVersion: kind.apiVersion, subresource: subresource ?? "", time: Timestamp.now())
    }
}

/// What a write answers.
struct WriteResult: Sendable {
    /// The object as it now is, in the version that was asked for.
    var object: JSONValue
    var isCreated = false
    /// What the `Warning` headers say.
    var warnings: [String] = []
}
