import K8sClient
import Testing

@testable import Operator

@Suite struct ApplyPlanTests {
    private let backend = ChatBackend(metadata: ObjectMeta(name: "chat", uid: "u"), spec: ChatBackendSpec())

    private func observed(_ fields: String? = "f", terminating: Bool = false) -> ObservedObject {
        ObservedObject(
            uid: "u", resourceVersion: "1", isTerminating: terminating, fieldsHash: fields.map { Digest(of: $0) })
    }

    private func inventory(_ manifests: [Manifest]) -> Inventory {
        Inventory(manifests.map { InventoryEntry($0.identity, hash: $0.hash, fieldsHash: Digest(of: "f")) })
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
        applied[desired[1].identity]?.hash = Digest(of: "older")
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
        applied[ingress] = InventoryEntry(ingress, hash: Digest(of: "h"), fieldsHash: Digest(of: "f"))
        let plan = ApplyPlan(
            desired: desired, applied: applied, observe: { _ in observed() }, leftovers: [cronJob])
        #expect(Set(plan.deletions) == [ingress, cronJob])

        let gone = ApplyPlan(
            desired: desired, applied: applied,
            observe: { $0 == ingress ? nil : $0 == cronJob ? observed(terminating: true) : observed() },
            leftovers: [cronJob])
        #expect(gone.deletions.isEmpty)
    }

    @Test("another database leaves the volume of the one before")
    func volumesStay() {
        var moved = backend
        moved.spec.database = DatabaseSettings(managed: ManagedDatabase())
        let plan = ApplyPlan(
            desired: DesiredState.manifests(for: moved), applied: inventory(DesiredState.manifests(for: backend)),
            observe: { _ in observed() }, leftovers: [])
        #expect(plan.deletions.isEmpty)
    }
}
