import K8sClient

/// A patch in one of the forms that the API knows.
enum Patch: Sendable {
    case merge(JSONValue)
    case json(JSONValue)
    case strategic(JSONValue)

    /// - Throws: 422 when a JSON patch does not fit the object.
    func applied(to object: JSONValue, _ kind: KindDefinition, name: String) throws(StatusError) -> JSONValue {
        switch self {
        case .merge(let patch): return MergePatch.apply(patch, to: object)
        case .strategic(let patch): return StrategicMergePatch.apply(patch, to: object, kind.schema)
        case .json(let patch):
            do {
                return try JSONPatch.apply(patch, to: object)
            } catch {
                if error.isMalformed { throw .badRequest(error.message) }
                throw StatusError(
                    code: 422, reason: "Invalid",
                    message: "the server rejected our request due to an error in our request",
                    details: ["name": .string(name), "kind": .string(kind.resource)])
            }
        }
    }
}

extension Registry {
    /// Changes an object by a patch.
    func patch(
        _ kind: KindDefinition, namespace: String?, name: String, _ patch: Patch, _ options: WriteOptions
    ) throws(StatusError) -> WriteResult {
        try update(kind, namespace: namespace, name: name, options) { (old) throws(StatusError) in
            var patched = try patch.applied(to: old, kind, name: name)
            if patched.meta.name != name {
                throw .invalid(
                    kind.groupKind, name,
                    [.invalid("metadata.name", .string(patched.meta.name), "field is immutable")])
            }
            // What the patch leaves alone stays right even where a stricter server would not take it anew.
            var warnings: [String] = []
            patched = try self.decode(patched, kind, options, &warnings)
            return Proposal(object: patched, warnings: warnings)
        }
    }
}
