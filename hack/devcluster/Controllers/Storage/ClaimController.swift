import K8sClient
import Logging

/// Binds PersistentVolumeClaims: to volumes that are there, or to folders that it has made for them.
struct ClaimController: Sendable {
    static let manager = "kube-controller-manager"

    let cluster: any Cluster
    let provisioner: FolderProvisioner
    let events: EventRecorder
    let logger: Logger

    var loop: ControlLoop {
        ControlLoop(
            name: "persistentvolumeclaim", cluster: cluster,
            sources: [
                .primary(.persistentVolumeClaims),
                // What a new or freed volume, or a new class, may bring about concerns the claims that wait.
                .init(resource: .persistentVolumes) { [cluster] volume in
                    if let claim = volume["spec", "claimRef"] {
                        return [
                            ObjectKey(
                                namespace: claim["namespace"]?.string ?? "", name: claim["name"]?.string ?? "")
                        ]
                    }
                    return Self.waiting(cluster)
                },
                .init(resource: .storageClasses) { [cluster] _ in Self.waiting(cluster) },
                .init(resource: .pods) { pod in
                    VolumeBinding.claims(of: pod).map { ObjectKey(namespace: pod.meta.namespace, name: $0) }
                },
            ], logger: logger, reconcile: reconcile)
    }

    private static func waiting(_ cluster: any Cluster) -> [ObjectKey] {
        let claims = (try? cluster.list(.persistentVolumeClaims, namespace: nil, labels: [:])) ?? []
        return claims.filter { $0["status", "phase"] == "Pending" }.map(\.meta.key)
    }

    private func reconcile(_ key: ObjectKey) async throws -> Duration? {
        guard let claim = try cluster.find(.persistentVolumeClaims, key) else {
            try createEphemeral(key)
            return nil
        }
        if claim.meta.isDeleting {
            try releaseProtection(claim)
        } else if let name = claim["spec", "volumeName"]?.string, !name.isEmpty {
            try settle(claim, volume: name)
        } else {
            try await bind(claim)
        }
        return nil
    }

    // MARK: Claims that have a volume

    private func settle(_ claim: JSONValue, volume name: String) throws(StatusError) {
        guard let volume = try cluster.find(.persistentVolumes, ObjectKey(namespace: "", name: name)) else {
            // One that was asked for by name may yet come.
            guard claim.meta.annotations[VolumeBinding.completed] != nil else { return }
            if claim["status", "phase"] != "Lost" {
                try setStatus(of: claim) { $0 = ["phase": "Lost"] }
                note(
                    .warning, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
                    claim)
            }
            return
        }
        if volume["spec", "claimRef"] != nil, !VolumeBinding.isReserved(volume, for: claim) {
            note(
                .warning, "FailedBinding", "volume \"\(name)\" already bound to a different claim.", claim)
            return
        }
        if claim.meta.annotations[VolumeBinding.completed] == nil, let problem = VolumeBinding.misfit(volume, claim) {
            note(
                .warning, "VolumeMismatch", "Cannot bind to requested volume \"\(name)\": \(problem)", claim)
            return
        }
        try join(claim, volume)
    }

    /// Writes into volume and claim that they belong together, as far as it is not there yet.
    private func join(_ claim: JSONValue, _ found: JSONValue) throws(StatusError) {
        let name = found.meta.name
        var isOthers = false
        var volume = try cluster.update(
            .persistentVolumes, namespace: nil, name: name, subresource: nil, manager: Self.manager
        ) { volume in
            if volume["spec", "claimRef"] != nil, !VolumeBinding.isReserved(volume, for: claim) {
                isOthers = true
                return
            }
            if volume["spec", "claimRef", "uid"]?.string?.isEmpty ?? true {
                if volume["spec", "claimRef"] == nil {
                    volume["metadata", "annotations", VolumeBinding.byController] = "yes"
                }
                volume["spec", "claimRef"] = VolumeBinding.reference(to: claim)
            }
        }
        // Another claim was faster; this one looks for another volume.
        if isOthers { throw .modified(.persistentVolumes, name) }
        volume = try resized(volume, claim)
        try VolumeController.setPhase("Bound", of: volume, in: cluster)
        try cluster.update(
            .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: nil,
            manager: Self.manager
        ) { claim in
            if claim["spec", "volumeName"]?.string?.isEmpty ?? true {
                claim["spec", "volumeName"] = .string(name)
                claim["metadata", "annotations", VolumeBinding.byController] = "yes"
            }
            claim["metadata", "annotations", VolumeBinding.completed] = "yes"
        }
        try setStatus(of: claim) { status in
            status["phase"] = "Bound"
            status["accessModes"] = volume["spec", "accessModes"]
            status["capacity"] = volume["spec", "capacity"]
        }
    }

    /// A folder grows by being called larger.
    private func resized(_ volume: JSONValue, _ claim: JSONValue) throws(StatusError) -> JSONValue {
        guard FolderProvisioner.made(volume), let text = claim["spec", "resources", "requests", "storage"],
            let asked = text.string.flatMap(Quantity.init),
            let size = volume["spec", "capacity", "storage"]?.string.flatMap(Quantity.init), size < asked
        else { return volume }
        let grown = try cluster.update(
            .persistentVolumes, namespace: nil, name: volume.meta.name, subresource: nil, manager: Self.manager
        ) { $0["spec", "capacity", "storage"] = text }
        note(.normal, "VolumeResizeSuccessful", "Resize volume succeeded", claim)
        return grown
    }

    private func setStatus(of claim: JSONValue, _ change: (inout JSONValue) -> Void) throws(StatusError) {
        let uid = claim.meta.uid
        try cluster.update(
            .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: "status",
            manager: Self.manager
        ) { current in
            guard current.meta.uid == uid else { return }
            var status = current["status"] ?? [:]
            change(&status)
            current["status"] = status
        }
    }

    // MARK: Claims that wait for one

    private func bind(_ unclassed: JSONValue) async throws {
        let claim = try withDefaultClass(unclassed)
        let volumes = try cluster.list(.persistentVolumes, namespace: nil, labels: [:])
        let className = claim["spec", "storageClassName"]?.string ?? ""
        let storageClass =
            className.isEmpty ? nil : try cluster.find(.storageClasses, ObjectKey(namespace: "", name: className))
        let isWaiting =
            storageClass?["volumeBindingMode"] == "WaitForFirstConsumer"
            && claim.meta.annotations[VolumeBinding.selectedNode] == nil
        if let volume = VolumeBinding.choose(volumes, for: claim),
            !isWaiting || VolumeBinding.isReserved(volume, for: claim)
        {
            return try join(claim, volume)
        }
        guard !className.isEmpty else {
            return note(
                .normal, "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set", claim)
        }
        guard let storageClass else {
            return note(
                .warning, "ProvisioningFailed", "storageclass.storage.k8s.io \"\(className)\" not found", claim)
        }
        if isWaiting {
            return note(
                .normal, "WaitForFirstConsumer", "waiting for first consumer to be created before binding", claim)
        }
        try await provision(claim, storageClass)
    }

    private func withDefaultClass(_ claim: JSONValue) throws(StatusError) -> JSONValue {
        guard claim["spec", "storageClassName"] == nil,
            let name = DefaultStorageClass.name(among: try cluster.list(.storageClasses, namespace: nil, labels: [:]))
        else { return claim }
        return try cluster.update(
            .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: nil,
            manager: Self.manager
        ) { $0["spec", "storageClassName"] = .string(name) }
    }

    private func provision(_ claim: JSONValue, _ storageClass: JSONValue) async throws {
        let name = storageClass["provisioner"]?.string ?? ""
        try cluster.update(
            .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: nil,
            manager: Self.manager
        ) { claim in
            claim["metadata", "annotations", VolumeBinding.provisioner] = .string(name)
            claim["metadata", "annotations", VolumeBinding.oldProvisioner] = .string(name)
        }
        guard name == FolderProvisioner.name else {
            // No such provisioner runs here; somebody may yet make a volume by hand.
            return note(
                .normal, "ExternalProvisioning",
                "Waiting for a volume to be created either by the external provisioner '\(name)' or manually by the "
                    + "system administrator. If volume creation is delayed, please verify that the provisioner is "
                    + "running and correctly registered.", claim)
        }
        do {
            let volume = try provisioner.volume(for: claim, class: storageClass)
            try await provisioner.makeFolder(of: volume)
            let made: JSONValue
            do {
                made = try cluster.create(.persistentVolumes, volume, manager: FolderProvisioner.name)
            } catch {
                guard error.reason == "AlreadyExists" else { throw error }
                return  // made before, and not yet seen among the volumes
            }
            note(.normal, "ProvisioningSucceeded", "Successfully provisioned volume \(made.meta.name)", claim)
            try join(claim, made)
        } catch let refusal as FolderProvisioner.Refusal {
            note(
                .warning, "ProvisioningFailed",
                "failed to provision volume with StorageClass \"\(storageClass.meta.name)\": \(refusal.message)", claim)
        }
    }

    // MARK: Beginning and end

    /// A claim that a pod's volume brings with it (`ephemeral.volumeClaimTemplate`), which goes with the pod.
    private func createEphemeral(_ key: ObjectKey) throws(StatusError) {
        for pod in try cluster.list(.pods, namespace: key.namespace, labels: [:]) where !pod.meta.isDeleting {
            for volume in pod.items("spec", "volumes") where key.name == "\(pod.meta.name)-\(volume.nameOrEmpty)" {
                guard let template = volume["ephemeral", "volumeClaimTemplate"] else { continue }
                var claim: JSONValue = [
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": template["metadata"] ?? [:],
                    "spec": template["spec"] ?? [:],
                ]
                claim["metadata", "name"] = .string(key.name)
                claim["metadata", "namespace"] = .string(key.namespace)
                claim["metadata", "ownerReferences"] = [pod.controllerReference(apiVersion: "v1", kind: "Pod")]
                _ = try cluster.create(.persistentVolumeClaims, claim, manager: Self.manager)
                return
            }
        }
    }

    /// Lets a claim go that is to be deleted, once no pod that a node runs, or ran, has it among its volumes.
    private func releaseProtection(_ claim: JSONValue) throws(StatusError) {
        guard claim.meta.finalizers.contains(StorageAdmission.claimProtection) else { return }
        let pods = try cluster.list(.pods, namespace: claim.meta.namespace, labels: [:])
        let isUsed = pods.contains { pod in
            pod["spec", "nodeName"]?.string?.isEmpty == false
                && VolumeBinding.claims(of: pod).contains(claim.meta.name)
        }
        if isUsed { return }
        try cluster.update(
            .persistentVolumeClaims, namespace: claim.meta.namespace, name: claim.meta.name, subresource: nil,
            manager: Self.manager
        ) { claim in
            claim["metadata", "finalizers"] = .nonEmpty(
                claim.meta.finalizers.filter { $0 != StorageAdmission.claimProtection })
        }
    }

    private func note(_ kind: EventRecorder.Kind, _ reason: String, _ message: String, _ claim: JSONValue) {
        events.record(
            kind, reason, message, about: claim, apiVersion: "v1", kindName: "PersistentVolumeClaim")
    }
}
