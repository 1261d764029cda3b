import K8sClient
import Testing

@testable import Operator

@Suite struct ApplyPlanTests {
    private let backend = ChatBackend(metadata: ObjectMeta(name: "chat", uid: "u"), spec: ChatBackendSpec())

    private func observed(_ fieldsHash: String? = "f", terminating: Bool = false) -> ObservedObject {
        ObservedObject(
            ObjectMeta(
                name: "x", uid: "u", resourceVersion: "1", deletionTimestamp: terminating ? "2026-01-01T00:00:00Z" : nil
            ),
            fieldsHash: fieldsHash)
    }

    private func inventory(_ manifests: [Manifest]) -> [ObjectIdentity: InventoryEntry] {
        Dictionary(
            uniqueKeysWithValues: manifests.map { manifest in
                let identity = manifest.identity
                return (
                    identity,
                    InventoryEntry(
                        apiVersion: identity.apiVersion, kind: identity.kind, namespace: identity.namespace,
                        name: identity.name, hash: manifest.hash, fieldsHash: "f")
                )
            })
    }

    @Test("nothing is applied when everything is as it was left")
    func noWrites() {
        let desired = DesiredState.manifests(for: backend)
        let plan = ApplyPlan(
            desired: desired, applied: inventory(desired), observe: { _ in observed() }, leftovers: [])
        #expect(plan.steps.isEmpty && plan.deletions.isEmpty)
    }

    @Test("a missing, a changed and a drifted object are each applied, for that reason")
    func reasons() {
        let desired = DesiredState.manifests(for: backend)
        var applied = inventory(desired)
        applied[desired[1].identity]?.hash = "older"
        let plan = ApplyPlan(
            desired: desired, applied: applied,
            observe: { identity in
                if identity == desired[0].identity { return nil }
                return identity == desired[2].identity ? observed("edited") : observed()
            }, leftovers: [])
        #expect(plan.steps.map(\.why) == [.missing, .changed, .drifted])
        #expect(plan.steps.map(\.manifest) == Array(desired[0...2]))
    }

    @Test("an object that somebody took from us entirely has drifted")
    func takenAway() {
        let desired = DesiredState.manifests(for: backend)
        let plan = ApplyPlan(
            desired: desired, applied: inventory(desired), observe: { _ in observed(nil) }, leftovers: [])
        #expect(plan.steps.count == desired.count)
    }

    @Test("what is desired no longer is deleted, also when only the watches know of it")
    func pruning() {
        let desired = DesiredState.manifests(for: backend)
        let ingress = ObjectIdentity(
            apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "chat", name: "chat-ingress")
        let cronJob = ObjectIdentity(apiVersion: "batch/v1", kind: "CronJob", namespace: "chat", name: "chat-backup")
        var applied = inventory(desired)
        applied[ingress] = InventoryEntry(
            apiVersion: ingress.apiVersion, kind: ingress.kind, namespace: "chat", name: ingress.name, hash: "h",
            fieldsHash: "f")
        let plan = ApplyPlan(
            desired: desired, applied: applied, observe: { _ in observed() }, leftovers: [cronJob])
        #expect(Set(plan.deletions) == [ingress, cronJob])

        let gone = ApplyPlan(
            desired: desired, applied: applied,
            observe: { $0 == ingress ? nil : $0 == cronJob ? observed(terminating: true) : observed() },
            leftovers: [cronJob])
        #expect(gone.deletions.isEmpty)
    }
}
