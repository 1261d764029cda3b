import FoundationEssentials
import Glibc
import K8sClient
import NIOPosix
import Synchronization

/// Mints a service-account token for a pod.
/// - Parameters: namespace, service account, audience (nil for the API server's own), seconds that it is to be valid,
///   and the pod's name and uid, to which it is bound.
typealias PodTokenSource =
    @Sendable (
        _ namespace: String, _ account: String, _ audience: String?, _ expirationSeconds: Int, _ pod: String,
        _ podUID: String
    ) async throws -> String

/// The volumes of one pod as directories on this machine.
final class PodVolumes: Sendable {
    private struct Token {
        var text: String
        var renewal: ContinuousClock.Instant
    }

    private let directory: String
    private let cluster: any Cluster
    private let issuer: PodTokenSource
    private let caCertificate: String
    private let tokens = Mutex<[String: Token]>([:])
    private let written = Mutex<[String: [String: VolumePlan.File]]>([:])

    /// - Parameter directory: where the pod's volumes are kept; it is made here and removed with the pod.
    init(directory: String, cluster: any Cluster, issuer: @escaping PodTokenSource, caCertificate: String) {
        self.directory = directory
        self.cluster = cluster
        self.issuer = issuer
        self.caCertificate = caCertificate
    }

    /// Makes every volume what it should be now and returns where each is; called again, it brings changed ConfigMaps,
    /// Secrets and ageing tokens up to date.
    func prepare(_ pod: JSONValue, podIP: String) async throws -> [String: String] {
        let namespace = pod.meta.namespace
        let planner = VolumePlanner(
            pod: pod, podIP: podIP, caCertificate: caCertificate,
            lookUp: { [cluster] resource, name in
                let isShared = resource == .persistentVolumes
                return try cluster.find(resource, ObjectKey(namespace: isShared ? "" : namespace, name: name))
            })
        var paths: [String: String] = [:]
        var plans: [(String, VolumePlan)] = []
        for volume in pod.items("spec", "volumes") {
            plans.append((volume["name"]?.string ?? "", try planner.plan(volume)))
        }
        if mountsAccount(pod) { plans.append((VolumePlanner.accountVolume, planner.account())) }
        for (name, plan) in plans {
            let path = directory + "/" + name
            switch plan {
            case .empty:
                try await Self.makeDirectory(path)
                paths[name] = path
            case .host(let hostPath, let type):
                try await Self.check(hostPath: hostPath, type: type)
                paths[name] = hostPath
            case .files(let files):
                try await write(files, volume: name, to: path, pod)
                paths[name] = path
            }
        }
        return paths
    }

    /// Whether the pod wants its service account's token and has not mounted it itself.
    func mountsAccount(_ pod: JSONValue) -> Bool {
        let containers = pod.items("spec", "containers") + pod.items("spec", "initContainers")
        let isMounted = containers.contains { container in
            container.items("volumeMounts").contains { $0["mountPath"]?.string == VolumePlanner.accountPath }
        }
        if isMounted { return false }
        if let choice = pod["spec", "automountServiceAccountToken"]?.bool { return choice }
        let key = ObjectKey(
            namespace: pod.meta.namespace, name: pod["spec", "serviceAccountName"]?.string ?? "default")
        let account = try? cluster.find(GroupResource("", "serviceaccounts"), key)
        return account?["automountServiceAccountToken"]?.bool ?? true
    }

    private func write(_ files: [String: VolumePlan.File], volume: String, to path: String, _ pod: JSONValue)
        async throws
    {
        var resolved = files
        for (file, entry) in files {
            guard case .token(let request) = entry.content else { continue }
            let text = try await token(request, volume + "/" + file, pod)
            resolved[file] = .init(content: .bytes(Array(text.utf8)), mode: entry.mode)
        }
        let before = written.withLock { $0[volume] }
        guard before != resolved else { return }
        let target = resolved
        try await NIOThreadPool.singleton.runIfActive {
            let manager = FileManager.default
            try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (file, entry) in target where before?[file] != entry {
                guard case .bytes(let bytes) = entry.content else { continue }
                let whole = path + "/" + file
                let parent = whole.split(separator: "/").dropLast().joined(separator: "/")
                try manager.createDirectory(atPath: "/" + parent, withIntermediateDirectories: true)
                // A reader sees the old content or the new, never half of it.
                try Data(bytes).write(to: URL(filePath: whole), options: .atomic)
                guard chmod(whole, mode_t(entry.mode)) == 0 else { throw IOFailure(whole) }
            }
            for file in (before ?? [:]).keys where target[file] == nil {
                try manager.removeItem(atPath: path + "/" + file)
            }
        }
        written.withLock { $0[volume] = target }
    }

    private func token(_ request: TokenRequest, _ key: String, _ pod: JSONValue) async throws -> String {
        if let token = tokens.withLock({ $0[key] }), token.renewal > .now { return token.text }
        let text = try await issuer(
            pod.meta.namespace, pod["spec", "serviceAccountName"]?.string ?? "default", request.audience,
            request.expirationSeconds, pod.meta.name, pod.meta.uid)
        // The kubelet renews at four fifths of the life time too.
        let renewal = ContinuousClock.now + .seconds(request.expirationSeconds) * 4 / 5
        tokens.withLock { $0[key] = Token(text: text, renewal: renewal) }
        return text
    }

    private static func makeDirectory(_ path: String) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    private static func check(hostPath: String, type: String) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            var isDirectory = false
            let exists = FileManager.default.fileExists(atPath: hostPath, isDirectory: &isDirectory)
            switch type {
            case "DirectoryOrCreate":
                try FileManager.default.createDirectory(atPath: hostPath, withIntermediateDirectories: true)
            case "Directory" where !(exists && isDirectory), "File" where !exists || isDirectory, "" where !exists:
                throw VolumeError(
                    message: "hostPath type check failed: \(hostPath) is not a \(type == "File" ? "file" : "directory")"
                )
            default:
                return
            }
        }
    }
}
