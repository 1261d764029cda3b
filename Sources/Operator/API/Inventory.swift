/// One object made for a backend, with what tells whether it is still as it was made.
struct InventoryEntry: Codable, Sendable, Hashable {
    var apiVersion: String
    var kind: String
    var namespace: String?
    var name: String
    /// Of the manifest that was applied.
    var hash: Digest
    /// Of the operator's `managedFields` entry in the server's answer.
    var fieldsHash: Digest
}

extension InventoryEntry {
    init(_ identity: ObjectIdentity, hash: Digest, fieldsHash: Digest) {
        self.init(
            apiVersion: identity.apiVersion, kind: identity.kind, namespace: identity.namespace, name: identity.name,
            hash: hash, fieldsHash: fieldsHash)
    }

    var identity: ObjectIdentity {
        ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
    }
}

/// What was made for one backend. A handful of entries: a list takes a fraction of a dictionary's memory, and thousands of
/// backends have one each.
struct Inventory: Sendable, Hashable {
    private(set) var entries: [InventoryEntry] = []

    init(_ entries: [InventoryEntry] = []) {
        self.entries = entries
    }

    subscript(_ identity: ObjectIdentity) -> InventoryEntry? {
        get { index(identity).map { entries[$0] } }
        set {
            switch (index(identity), newValue) {
            case (let index?, let entry?): entries[index] = entry
            case (let index?, nil): entries.remove(at: index)
            case (nil, let entry?): entries.append(entry)
            case (nil, nil): break
            }
        }
    }

    private func index(_ identity: ObjectIdentity) -> Int? {
        entries.firstIndex { entry in
            entry.name == identity.name && entry.kind == identity.kind && entry.namespace == identity.namespace
                && entry.apiVersion == identity.apiVersion
        }
    }
}
