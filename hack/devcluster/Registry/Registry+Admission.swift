import K8sClient

/// What the server does of its own with some kinds before and after they are written.
extension Registry {
    /// Completes a new object from what else the cluster holds, or refuses it.
    func admit(
        _ object: inout JSONValue, _ kind: KindDefinition, namespace: String?, isDryRun: Bool
    ) throws(StatusError) {
        if kind.isNamespaced { try admitNamespace(namespace ?? "", object, kind) }
        switch (kind.group, kind.resource) {
        case ("", "services"): try serviceAddresses.assign(&object, in: store, isDryRun: isDryRun)
        case ("", "pods"):
            try ServiceAccountAdmission.complete(&object) { (account) throws(StatusError) in
                let key = ObjectKey(namespace: namespace ?? "", name: account)
                return try store.get(GroupResource("", "serviceaccounts"), key)?.decoded()
            }
        case ("", "persistentvolumeclaims"):
            try StorageAdmission.complete(claim: &object) { () throws(StatusError) in try storageClasses() }
        case ("", "persistentvolumes"): StorageAdmission.protect(&object, by: StorageAdmission.volumeProtection)
        default: break
        }
    }

    /// Completes a new state of an object from its old one.
    func adjust(_ new: inout JSONValue, from old: JSONValue, _ kind: KindDefinition) throws(StatusError) {
        if kind.group.isEmpty, kind.resource == "services" {
            try serviceAddresses.keep(&new, from: old, in: store)
        }
        if kind.group.isEmpty, kind.resource == "persistentvolumeclaims" {
            try StorageAdmission.checkGrowth(of: new, from: old) { () throws(StatusError) in try storageClasses() }
        }
    }

    private func storageClasses() throws(StatusError) -> [JSONValue] {
        var classes: [JSONValue] = []
        for stored in store.list(.storageClasses, Selection()).objects { classes.append(try stored.decoded()) }
        return classes
    }

    /// Gives back what an object held that is not, or no longer, stored.
    func release(_ object: JSONValue, _ kind: KindDefinition) {
        if kind.group.isEmpty, kind.resource == "services" { serviceAddresses.release(object) }
    }

    /// Follows a write that changes what the server itself serves.
    func didWrite(_ kind: KindDefinition, from old: JSONValue?, to new: JSONValue?) throws(StatusError) {
        if kind.storage == Self.definitions { try definitionDidChange(from: old, to: new) }
    }

    private func admitNamespace(_ namespace: String, _ object: JSONValue, _ kind: KindDefinition) throws(StatusError) {
        let namespaces = GroupResource("", "namespaces")
        guard let stored = store.get(namespaces, ObjectKey(namespace: "", name: namespace)) else {
            throw .notFound(namespaces, namespace)
        }
        guard stored.isBeingDeleted else { return }
        throw .forbidden(
            kind.groupResource, object.meta.name,
            "unable to create new content in namespace \(namespace) because it is being terminated",
            causes: [
                [
                    "reason": "NamespaceTerminating", "message": .string("namespace \(namespace) is being terminated"),
                    "field": "metadata.namespace",
                ]
            ])
    }
}
