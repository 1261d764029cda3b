import K8sClient
import Logging

/// StatefulSet → PersistentVolumeClaims and Pods.
struct StatefulSetController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "statefulset", cluster: cluster,
            sources: [
                .primary(.statefulSets), .owned(.pods, by: "StatefulSet"),
                .owned(.controllerRevisions, by: "StatefulSet"),
            ], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) throws -> Duration? {
        guard let object = try cluster.find(.statefulSets, key) else { return nil }
        let set = StatefulSetSpec(object)
        let adoption = Adoption(cluster: cluster, apiVersion: "apps/v1", kind: "StatefulSet")
        let pods = try adoption.objects(.pods, of: object) { set.ordinal(of: $0.meta.name) != nil }
        let known = try adoption.objects(.controllerRevisions, of: object)
        let revisions = StatefulSetRevisions(set, known)
        if !set.meta.isDeleting, let action = revisions.action { try perform(action, key) }
        let plan = StatefulSetPlan(
            set, pods: pods, current: revisions.current.meta.name, update: revisions.update.meta.name, now: .now)
        if !set.meta.isDeleting {
            for pod in plan.pods {
                try settleClaims(of: pod.ordinal, pod.object, isSurplus: !set.ordinals.contains(pod.ordinal), set)
            }
        }
        var failure: StatusError?
        do {
            for action in plan.actions { try perform(action, revisions, set) }
        } catch {
            failure = error
        }
        let status = plan.status()
        try cluster.update(
            .statefulSets, namespace: key.namespace, name: key.name, subresource: "status", manager: Self.manager
        ) { $0["status"] = status }
        if let failure { throw failure }
        let inUse = Set(plan.pods.map(\.revision))
        for name in revisions.surplus(inUse: inUse, limit: set.revisionHistoryLimit) where !set.meta.isDeleting {
            try cluster.remove(.controllerRevisions, ObjectKey(namespace: key.namespace, name: name))
        }
        return plan.again.map { .seconds($0) }
    }

    // MARK: Revisions

    private func perform(_ action: StatefulSetRevisions.Action, _ key: ObjectKey) throws(StatusError) {
        switch action {
        case .create(let revision):
            do {
                _ = try cluster.create(.controllerRevisions, revision, manager: Self.manager)
            } catch {
                if error.reason == "AlreadyExists" {
                    // Another template has the name that the hash makes: the next try hashes in the count of collisions.
                    try cluster.update(
                        .statefulSets, namespace: key.namespace, name: key.name, subresource: "status",
                        manager: Self.manager
                    ) { $0["status", "collisionCount"] = JSONValue(($0["status", "collisionCount"]?.int ?? 0) + 1) }
                }
                throw error
            }
        case .renumber(let name, let number):
            try cluster.update(
                .controllerRevisions, namespace: key.namespace, name: name, subresource: nil, manager: Self.manager
            ) { $0["revision"] = JSONValue(number) }
        }
    }

    // MARK: Pods

    private func perform(_ action: StatefulSetPlan.Action, _ revisions: StatefulSetRevisions, _ set: StatefulSetSpec)
        throws(StatusError)
    {
        switch action {
        case .create(let ordinal, let isUpdate):
            try createClaims(of: ordinal, set)
            let revision = isUpdate ? revisions.update : revisions.current
            let pod = set.pod(
                ordinal, template: StatefulSetRevisions.template(revision), revision: revision.meta.name)
            do {
                _ = try cluster.create(.pods, pod, manager: Self.manager)
            } catch {
                note(
                    .warning, "FailedCreate",
                    "create Pod \(pod.meta.name) in StatefulSet \(set.meta.name) failed error: \(error.message)", set)
                throw error
            }
            note(
                .normal, "SuccessfulCreate",
                "create Pod \(pod.meta.name) in StatefulSet \(set.meta.name) successful", set)
        case .delete(let name):
            if try cluster.remove(.pods, ObjectKey(namespace: set.meta.namespace, name: name)) {
                note(
                    .normal, "SuccessfulDelete", "delete Pod \(name) in StatefulSet \(set.meta.name) successful", set)
            }
        }
    }

    private func note(_ kind: EventRecorder.Kind, _ reason: String, _ message: String, _ set: StatefulSetSpec) {
        events.record(kind, reason, message, about: set.object, apiVersion: "apps/v1", kindName: "StatefulSet")
    }

    // MARK: Claims

    private func createClaims(of ordinal: Int, _ set: StatefulSetSpec) throws(StatusError) {
        for var claim in set.claims(ordinal) {
            let subject = "Claim \(claim.meta.name) Pod \(set.podName(ordinal)) in StatefulSet \(set.meta.name)"
            if let existing = try cluster.find(.persistentVolumeClaims, claim.meta.key) {
                guard existing.meta.isDeleting else { continue }
                // A pod must not be made on a claim that is on its way out; the claim's end brings the next try.
                throw .conflict(
                    .persistentVolumeClaims, claim.meta.name, "the claim is being deleted: \(subject) has to wait")
            }
            let owner = ClaimOwner(set, isSurplus: false)
            claim["metadata", "ownerReferences"] = .nonEmpty(owner.references([], set: set.object, pod: nil))
            do {
                _ = try cluster.create(.persistentVolumeClaims, claim, manager: Self.manager)
                note(.normal, "SuccessfulCreate", "create \(subject) success", set)
            } catch {
                note(.warning, "FailedCreate", "create \(subject) failed error: \(error.message)", set)
                throw error
            }
        }
    }

    /// Sees that a pod's claims belong to whom the retention policy says.
    private func settleClaims(of ordinal: Int, _ pod: JSONValue, isSurplus: Bool, _ set: StatefulSetSpec)
        throws(StatusError)
    {
        let owner = ClaimOwner(set, isSurplus: isSurplus)
        for template in set.claimTemplates {
            let key = ObjectKey(namespace: set.meta.namespace, name: set.claimName(template, ordinal))
            guard let claim = try cluster.find(.persistentVolumeClaims, key) else { continue }
            let current = claim.meta.ownerReferences
            let wanted = owner.references(current, set: set.object, pod: pod)
            if Set(wanted) == Set(current) { continue }
            try cluster.update(
                .persistentVolumeClaims, namespace: key.namespace, name: key.name, subresource: nil,
                manager: Self.manager
            ) { $0["metadata", "ownerReferences"] = .nonEmpty(wanted) }
        }
    }
}
