/// Which parts of a document are read. The rest is passed over, which costs neither memory nor most of the time that reading it
/// would take; of its syntax all is checked but what stands inside strings.
///
///     let rollout: JSONSelection = ["metadata": ["name": .all, "namespace": .all], "status": ["replicas": .all]]
public indirect enum JSONSelection: Sendable, Hashable {
    /// The value as it is.
    case all
    /// The value's JSON text, less white space between its parts, as a `JSONValue.string`: for what is compared or hashed and
    /// never looked into.
    case text
    /// These members of an object; a value that is no object is read as it is.
    case members([String: JSONSelection])
    /// Of each item of an array this; a value that is no array is read as it is.
    case items(JSONSelection)
}

extension JSONSelection: ExpressibleByDictionaryLiteral {
    /// Members by name; of two under one name the later one stands.
    public init(dictionaryLiteral elements: (String, JSONSelection)...) {
        self = .members(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension JSONSelection {
    /// What either of the two reads.
    func union(_ other: JSONSelection) -> JSONSelection {
        switch (self, other) {
        case (.members(let mine), .members(let others)):
            .members(mine.merging(others) { $0.union($1) })
        case (.items(let mine), .items(let others)): .items(mine.union(others))
        case (.text, .text): .text
        default: .all
        }
    }

    /// Whether nothing but the metadata of an object is read, so that the server need not send the rest.
    var isMetadataAlone: Bool {
        guard case .members(let wanted) = self else { return false }
        return wanted.keys.allSatisfy { ["metadata", "kind", "apiVersion"].contains($0) }
    }

    /// What lists, watches and stores need of every object: who it is, which version, and where a first list ends.
    static let identity: JSONSelection = [
        "apiVersion": .all, "kind": .all,
        "metadata": [
            "name": .all, "namespace": .all, "uid": .all, "resourceVersion": .all,
            "annotations": ["k8s.io/initial-events-end": .all],
        ],
    ]
}
