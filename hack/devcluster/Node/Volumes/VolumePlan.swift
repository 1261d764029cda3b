import K8sClient

/// Why a volume cannot be mounted (yet): `FailedMount` with this message, and tried again.
struct VolumeError: Error, Hashable, Sendable {
    let message: String
}

/// A service-account token to mint for a volume.
struct TokenRequest: Hashable, Sendable {
    var audience: String?
    var expirationSeconds: Int
}

/// What a volume consists of, decided from the pod's `spec.volumes` and the objects that it names; pure but for
/// looking those up.
enum VolumePlan: Hashable, Sendable {
    /// A file of a volume that the node writes.
    enum Content: Hashable, Sendable {
        case bytes([UInt8])
        case token(TokenRequest)
    }

    struct File: Hashable, Sendable {
        var content: Content
        var mode: Int
    }

    /// A directory of the pod's own.
    case empty
    /// Files by relative path, kept up to date.
    case files([String: File])
    /// A path of this machine.
    case host(path: String, type: String)
}

/// Reads volumes of one pod.
struct VolumePlanner {
    let pod: JSONValue
    let podIP: String
    let caCertificate: String
    let lookUp: (GroupResource, String) throws -> JSONValue?

    /// The name of the volume that every pod gets for its service account, unless it declines.
    static let accountVolume = "kube-api-access"
    static let accountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    func plan(_ volume: JSONValue) throws -> VolumePlan {
        if volume["emptyDir"] != nil { return .empty }
        if let source = volume["hostPath"] {
            return .host(path: source["path"]?.string ?? "/", type: source["type"]?.string ?? "")
        }
        if let source = volume["configMap"] {
            return .files(try object(.configMaps, source, name: "name", mode: source["defaultMode"]?.int ?? 0o644))
        }
        if let source = volume["secret"] {
            return .files(try object(.secrets, source, name: "secretName", mode: source["defaultMode"]?.int ?? 0o644))
        }
        if let source = volume["downwardAPI"] {
            return .files(try downward(source, mode: source["defaultMode"]?.int ?? 0o644))
        }
        if let claim = VolumeBinding.claims(of: ["metadata": pod["metadata"] ?? [:], "spec": ["volumes": [volume]]])
            .first
        {
            return try persistent(claim)
        }
        if let source = volume["projected"] {
            return .files(try projected(source))
        }
        let type = (volume.object ?? [:]).keys.sorted().first { $0 != "name" } ?? "none"
        throw VolumeError(
            message: "volume \"\(volume["name"]?.string ?? "")\": this node does not support the type \(type)")
    }

    /// The volume of a pod's service account: token, CA certificate and namespace.
    func account() -> VolumePlan {
        .files([
            "token": .init(content: .token(TokenRequest(audience: nil, expirationSeconds: 3607)), mode: 0o644),
            "ca.crt": .init(content: .bytes(Array(caCertificate.utf8)), mode: 0o644),
            "namespace": .init(content: .bytes(Array(pod.meta.namespace.utf8)), mode: 0o644),
        ])
    }

    /// The volume that a claim is bound to.
    private func persistent(_ name: String) throws -> VolumePlan {
        guard let claim = try lookUp(.persistentVolumeClaims, name) else {
            throw VolumeError(message: "persistentvolumeclaim \"\(name)\" not found")
        }
        guard claim["status", "phase"] == "Bound", let volumeName = claim["spec", "volumeName"]?.string else {
            throw VolumeError(message: "persistentvolumeclaim \"\(name)\" is not bound to a volume")
        }
        guard let volume = try lookUp(.persistentVolumes, volumeName) else {
            throw VolumeError(message: "persistentvolume \"\(volumeName)\" not found")
        }
        if let source = volume["spec", "hostPath"] {
            return .host(path: source["path"]?.string ?? "/", type: source["type"]?.string ?? "")
        }
        if let source = volume["spec", "local"] {
            return .host(path: source["path"]?.string ?? "/", type: "Directory")
        }
        let type = PersistentVolumeSource.types(of: volume).first ?? "none"
        throw VolumeError(
            message: "persistentvolume \"\(volumeName)\": this node does not support the type \(type)")
    }

    private func projected(_ source: JSONValue) throws -> [String: VolumePlan.File] {
        let mode = source["defaultMode"]?.int ?? 0o644
        var files: [String: VolumePlan.File] = [:]
        for part in source.items("sources") {
            if let token = part["serviceAccountToken"] {
                let request = TokenRequest(
                    audience: token["audience"]?.string, expirationSeconds: token["expirationSeconds"]?.int ?? 3600)
                files[try Self.relative(token["path"]?.string ?? "token")] = .init(content: .token(request), mode: mode)
            } else if let map = part["configMap"] {
                if map["name"]?.string == "kube-root-ca.crt" {
                    // Every namespace has it on a real cluster; its content is the same everywhere.
                    files["ca.crt"] = .init(content: .bytes(Array(caCertificate.utf8)), mode: mode)
                } else {
                    files.merge(try object(.configMaps, map, name: "name", mode: mode)) { $1 }
                }
            } else if let secret = part["secret"] {
                files.merge(try object(.secrets, secret, name: "name", mode: mode)) { $1 }
            } else if let fields = part["downwardAPI"] {
                files.merge(try downward(fields, mode: mode)) { $1 }
            } else {
                throw VolumeError(message: "projected volume: a source of a type that this node does not support")
            }
        }
        return files
    }

    private func object(_ resource: GroupResource, _ source: JSONValue, name key: String, mode: Int) throws
        -> [String: VolumePlan.File]
    {
        let name = source[key]?.string ?? ""
        let kind = resource == .secrets ? "secret" : "configmap"
        let isOptional = source["optional"]?.bool == true
        guard let object = try lookUp(resource, name) else {
            if isOptional { return [:] }
            throw VolumeError(message: "\(kind) \"\(name)\" not found")
        }
        let payloads = object.payloads(of: resource).bytes
        guard let items = source["items"]?.array else {
            return payloads.mapValues { .init(content: .bytes($0), mode: mode) }
        }
        var files: [String: VolumePlan.File] = [:]
        for item in items {
            let itemKey = item["key"]?.string ?? ""
            guard let bytes = payloads[itemKey] else {
                if isOptional { continue }
                throw VolumeError(message: "references non-existent \(kind) key: \(itemKey)")
            }
            files[try Self.relative(item["path"]?.string ?? itemKey)] = .init(
                content: .bytes(bytes), mode: item["mode"]?.int ?? mode)
        }
        return files
    }

    private func downward(_ source: JSONValue, mode: Int) throws -> [String: VolumePlan.File] {
        let fields = DownwardAPI(pod: pod, podIP: podIP, hostIP: NodeObject.address)
        var files: [String: VolumePlan.File] = [:]
        for item in source.items("items") {
            let path = try Self.relative(item["path"]?.string ?? "")
            let text: String
            if let field = item["fieldRef", "fieldPath"]?.string {
                text = try fields.field(field)
            } else {
                let reference = item["resourceFieldRef"] ?? [:]
                let container = pod.items("spec", "containers").first { $0["name"] == reference["containerName"] }
                text = try DownwardAPI.resource(reference, of: container ?? [:])
            }
            files[path] = .init(content: .bytes(Array(text.utf8)), mode: item["mode"]?.int ?? mode)
        }
        return files
    }

    /// A path within a volume; one that would leave it is refused.
    static func relative(_ path: String) throws(VolumeError) -> String {
        let parts = path.split(separator: "/")
        guard !path.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else {
            throw VolumeError(message: "the path \"\(path)\" does not stay within its volume")
        }
        return parts.filter { $0 != "." }.joined(separator: "/")
    }
}
