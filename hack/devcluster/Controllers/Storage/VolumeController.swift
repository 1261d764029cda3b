import K8sClient
import Logging

/// Keeps PersistentVolumes' phases, and deletes what their claims left behind when their policy says so.
struct VolumeController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let provisioner: FolderProvisioner
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "persistentvolume", cluster: cluster,
            sources: [
                .primary(.persistentVolumes),
                .init(resource: .persistentVolumeClaims) { claim in
                    guard let name = claim["spec", "volumeName"]?.string, !name.isEmpty else { return [] }
                    return [ObjectKey(namespace: "", name: name)]
                },
            ], logger: logger, reconcile: reconcile)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Duration? {
        guard let volume = try cluster.find(.persistentVolumes, key) else { return nil }
        guard let reference = volume["spec", "claimRef"], reference["uid"]?.string?.isEmpty == false else {
            // Free, or reserved for a claim that has not come yet.
            if volume.meta.isDeleting { return try release(volume) }
            try Self.setPhase("Available", of: volume, in: cluster)
            return nil
        }
        let claimKey = ObjectKey(
            namespace: reference["namespace"]?.string ?? "", name: reference["name"]?.string ?? "")
        let claim = try cluster.find(.persistentVolumeClaims, claimKey)
        if let claim, claim.meta.uid == reference["uid"]?.string {
            let name = claim["spec", "volumeName"]?.string ?? ""
            // A claim without a name yet is being bound; one with another name was bound elsewhere meanwhile.
            if name.isEmpty || name == key.name { return nil }
        }
        try Self.setPhase("Released", of: volume, in: cluster)
        return try await reclaim(volume)
    }

    private func reclaim(_ volume: JSONValue) async throws -> Duration? {
        switch volume["spec", "persistentVolumeReclaimPolicy"]?.string {
        case "Delete":
            guard FolderProvisioner.made(volume) else {
                return try fail(
                    volume, "VolumeFailedDelete",
                    "error getting deleter volume plugin for volume \"\(volume.meta.name)\": no deletable volume plugin matched"
                )
            }
            do {
                try await provisioner.removeFolder(of: volume)
            } catch let error as StatusError {
                throw error
            } catch {
                _ = try fail(volume, "VolumeFailedDelete", "\(error)")
                return .seconds(15)
            }
            try cluster.remove(
                .persistentVolumes, volume.meta.key, Deletion(propagation: .background, uid: volume.meta.uid))
        case "Recycle":
            return try fail(
                volume, "VolumeFailedRecycle",
                "no volume plugin matched: volumes are not recycled here; use Delete or Retain")
        default:
            break
        }
        guard let current = try cluster.find(.persistentVolumes, volume.meta.key), current.meta.isDeleting else {
            return nil
        }
        return try release(current)
    }

    private func fail(_ volume: JSONValue, _ reason: String, _ message: String) throws(StatusError) -> Duration? {
        try Self.setPhase("Failed", message: message, of: volume, in: cluster)
        events.record(.warning, reason, message, about: volume, apiVersion: "v1", kindName: "PersistentVolume")
        return volume.meta.isDeleting ? try release(volume) : nil
    }

    /// Lets a volume go that is to be deleted and that no claim holds.
    private func release(_ volume: JSONValue) throws(StatusError) -> Duration? {
        do {
            try cluster.update(
                .persistentVolumes, namespace: nil, name: volume.meta.name, subresource: nil, manager: Self.manager
            ) { volume in
                volume["metadata", "finalizers"] = .nonEmpty(
                    volume.meta.finalizers.filter { $0 != StorageAdmission.volumeProtection })
            }
        } catch {
            if error.code != 404 { throw error }
        }
        return nil
    }

    static func setPhase(_ phase: String, message: String? = nil, of volume: JSONValue, in cluster: any Cluster)
        throws(StatusError)
    {
        try cluster.update(
            .persistentVolumes, namespace: nil, name: volume.meta.name, subresource: "status", manager: manager
        ) { current in
            guard current.meta.uid == volume.meta.uid else { return }
            // What failed is not tried as if nothing had happened.
            if phase == "Released", current["status", "phase"] == "Failed" { return }
            if current["status", "phase"]?.string == phase, current["status", "message"]?.string == message { return }
            var status: JSONValue = ["phase": .string(phase), "lastPhaseTransitionTime": .string(Timestamp.now())]
            if let message { status["message"] = .string(message) }
            current["status"] = status
        }
    }
}
