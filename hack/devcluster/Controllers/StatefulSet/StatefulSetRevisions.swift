import K8sClient

/// The templates that a StatefulSet had and has, as ControllerRevisions; pure.
struct StatefulSetRevisions {
    enum Action: Hashable {
        /// A template that none of the revisions holds.
        case create(JSONValue)
        /// A template that is used again (a rollback) becomes the newest revision.
        case renumber(String, Int)
    }

    /// The label that tells a pod's revision.
    static let podLabel = "controller-revision-hash"
    static let hashLabel = "controller.kubernetes.io/hash"

    /// What has to be written before pods are looked at.
    private(set) var action: Action?
    /// The revision that the set has now, and the one that it is on the way to; the same when no update is under way.
    let current: JSONValue
    let update: JSONValue
    private let all: [JSONValue]

    /// - Parameter revisions: those that the set controls.
    init(_ set: StatefulSetSpec, _ revisions: [JSONValue]) {
        all = revisions.sorted { (Self.number($0), $0.meta.name) < (Self.number($1), $1.meta.name) }
        let data = Self.data(set.object["spec", "template"] ?? [:])
        let newest = all.map(Self.number).max() ?? 0
        var update: JSONValue
        if let same = all.last(where: { $0["data"] == data }) {
            update = same
            if Self.number(same) < newest {
                action = .renumber(same.meta.name, newest + 1)
                update["revision"] = JSONValue(newest + 1)
            }
        } else {
            update = Self.revision(set, data, number: newest + 1)
            action = .create(update)
        }
        self.update = update
        let name = set.object["status", "currentRevision"]?.string
        current = all.first { $0.meta.name == name } ?? update
    }

    static func number(_ revision: JSONValue) -> Int { revision["revision"]?.int ?? 0 }

    /// A revision's pod template.
    static func template(_ revision: JSONValue) -> JSONValue {
        var template = revision["data", "spec", "template"] ?? [:]
        template["$patch"] = nil
        return template
    }

    /// The names of revisions that nothing uses, beyond those that the history keeps.
    func surplus(inUse: Set<String>, limit: Int) -> [String] {
        let live = inUse.union([current.meta.name, update.meta.name])
        let idle = all.filter { !live.contains($0.meta.name) }
        return idle.prefix(max(0, idle.count - limit)).map(\.meta.name)
    }

    /// A strategic merge patch that puts the template back as a whole: what `kubectl rollout undo` sends.
    private static func data(_ template: JSONValue) -> JSONValue {
        var template = template
        template["$patch"] = "replace"
        return ["spec": ["template": template]]
    }

    private static func revision(_ set: StatefulSetSpec, _ data: JSONValue, number: Int) -> JSONValue {
        let collisions = set.object["status", "collisionCount"]?.int ?? 0
        let hash = GeneratedName.hash(of: data, collisions: collisions)
        var labels = set.object["spec", "template", "metadata", "labels"]?.strings ?? [:]
        labels[hashLabel] = hash
        var revision: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ControllerRevision",
            "metadata": [
                "name": .string("\(set.meta.name.prefix(223))-\(hash)"), "namespace": .string(set.meta.namespace),
                "labels": JSONValue(labels),
                "ownerReferences": [set.object.controllerReference(apiVersion: "apps/v1", kind: "StatefulSet")],
            ],
            "data": data, "revision": JSONValue(number),
        ]
        if !set.meta.annotations.isEmpty { revision["metadata", "annotations"] = JSONValue(set.meta.annotations) }
        return revision
    }
}
