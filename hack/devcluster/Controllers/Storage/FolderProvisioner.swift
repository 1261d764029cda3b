import FoundationEssentials
import K8sClient
import NIOPosix

/// Makes a folder under the cluster's directory for each claim of its StorageClasses, and removes it with its volume.
struct FolderProvisioner: Sendable {
    /// The `provisioner` of StorageClasses that this one serves.
    static let name = "devcluster/folder"
    /// What says on a volume who made it.
    static let annotation = "pv.kubernetes.io/provisioned-by"

    /// The class that every cluster begins with. It binds at once: on the one node that there is, waiting for a claim's
    /// first pod would decide nothing. Folders have no size, so that claims may grow.
    static let standardClass: JSONValue = [
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": ["name": "standard", "annotations": [(DefaultStorageClass.annotation): "true"]],
        "provisioner": .string(name), "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": true,
    ]

    /// Where the folders are.
    let directory: String

    /// Why a claim gets no volume: `ProvisioningFailed` with this message.
    struct Refusal: Error, Hashable {
        let message: String
    }

    /// The volume for a claim, bound to it beforehand; its folder is not made yet.
    func volume(for claim: JSONValue, class storageClass: JSONValue) throws(Refusal) -> JSONValue {
        let spec = claim["spec"] ?? [:]
        if spec["volumeMode"] == "Block" {
            throw Refusal(message: "only volumes of mode Filesystem are folders, Block was asked for")
        }
        if let parameters = storageClass["parameters"]?.object, let unknown = parameters.keys.sorted().first {
            throw Refusal(message: "\(Self.name) knows no parameters, the class has \(unknown)")
        }
        if spec["selector"] != nil {
            throw Refusal(message: "claim.Spec.Selector is not supported for dynamic provisioning")
        }
        if spec["dataSource"] != nil || spec["dataSourceRef"] != nil {
            throw Refusal(message: "data sources are not supported: there are no snapshots here")
        }
        let meta = claim.meta
        let name = "pvc-\(meta.uid)"
        return [
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": ["name": .string(name), "annotations": [(Self.annotation): .string(Self.name)]],
            "spec": [
                "accessModes": spec["accessModes"] ?? [],
                "capacity": ["storage": spec["resources", "requests", "storage"] ?? "0"],
                "claimRef": VolumeBinding.reference(to: claim),
                "hostPath": [
                    "path": .string("\(directory)/\(name)_\(meta.namespace)_\(meta.name)"), "type": "DirectoryOrCreate",
                ],
                "nodeAffinity": [
                    "required": [
                        "nodeSelectorTerms": [
                            [
                                "matchExpressions": [
                                    [
                                        "key": "kubernetes.io/hostname", "operator": "In",
                                        "values": [.string(NodeObject.name)],
                                    ]
                                ]
                            ]
                        ]
                    ]
                ],
                "persistentVolumeReclaimPolicy": storageClass["reclaimPolicy"] ?? "Delete",
                "storageClassName": .string(storageClass.meta.name), "volumeMode": "Filesystem",
            ],
        ]
    }

    static func made(_ volume: JSONValue) -> Bool { volume.meta.annotations[annotation] == name }

    func makeFolder(of volume: JSONValue) async throws {
        guard let path = folder(of: volume) else { return }
        try await NIOThreadPool.singleton.runIfActive {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    func removeFolder(of volume: JSONValue) async throws {
        guard let path = folder(of: volume) else { return }
        try await NIOThreadPool.singleton.runIfActive {
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        }
    }

    /// The folder of a volume that this provisioner made; nil for one that lies anywhere else, whatever it says of itself.
    private func folder(of volume: JSONValue) -> String? {
        guard Self.made(volume), let path = volume["spec", "hostPath", "path"]?.string else { return nil }
        let prefix = directory + "/"
        guard path.hasPrefix(prefix + volume.meta.name + "_"), !path.dropFirst(prefix.count).contains("/") else {
            return nil
        }
        return path
    }
}
