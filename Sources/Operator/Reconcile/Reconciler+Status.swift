import FoundationEssentials
import K8sClient
import Logging

extension Reconciler {
    /// Writes the status when it says something new, and tells of it in an Event.
    func write(_ progress: Progress, of backend: ChatBackend, _ record: inout BackendRecord)
        async throws(KubernetesError)
    {
        let previous = record.newestStatus(backend)
        let status = StatusBuilder(
            backend: backend, previous: previous, inventory: record.applied.entries,
            secrets: record.secrets?.seen, now: Date.now.formatted(.iso8601)
        ).status(progress)
        tellOfObjects(backend, &record)
        guard status != previous else { return }
        let value: JSONValue
        do {
            value = try JSONValue(encoding: status)
        } catch {
            // Only numbers that JSON cannot hold make encoding fail, and a status has none.
            logger.error("status not encoded", metadata: ["backend": "\(backend.name)", "error": "\(error)"])
            return
        }
        let answer = try await client.patch(
            ChatBackend.resource, backend.name, .merge(["status": value]), subresource: .status,
            WriteOptions(fieldManager: FieldManager.name), as: PartialObjectMetadata.self)
        record.status = (status, answer.metadata.resourceVersion)
        tellOfChange(backend, from: previous, to: status)
    }

    /// One Event for all that a run made, changed and deleted.
    private func tellOfObjects(_ backend: ChatBackend, _ record: inout BackendRecord) {
        let told = record.untold
        record.untold = AppliedObjects()
        for (reason, objects) in [
            (Reason.created, told.created), (Reason.updated, told.updated), (Reason.deleted, told.deleted),
        ] where !objects.isEmpty {
            tell(backend, .normal, reason, "\(reason) \(objects.joined(separator: ", ")).")
        }
    }

    private func tellOfChange(_ backend: ChatBackend, from previous: ChatBackendStatus?, to status: ChatBackendStatus) {
        guard let ready = status.conditions?.first(where: { $0.type == ConditionType.ready }) else { return }
        let before = previous?.conditions?.first { $0.type == ConditionType.ready }
        guard before?.status != ready.status || before?.reason != ready.reason else { return }
        switch ready.status {
        case .true: tell(backend, .normal, ready.reason, ready.message)
        case .false:
            logger.notice("stalled", metadata: ["backend": "\(backend.name)", "reason": "\(ready.reason)"])
            tell(backend, .warning, ready.reason, ready.message)
        default: break  // work under way is told of by what is made
        }
    }

    func tell(_ backend: ChatBackend, _ type: EventType, _ reason: String, _ note: String) {
        events.record(
            type,
            regarding: ObjectReference(
                apiVersion: ChatBackend.apiVersion, kind: ChatBackend.kind, name: backend.name,
                uid: backend.metadata.uid),
            reason: reason, action: "Reconcile", note: note)
    }
}
