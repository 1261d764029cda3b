import FoundationEssentials
import K8sClient
import Subprocess
import SystemPackage
import Testing

/// One version of kubectl, working in a namespace of its own.
struct Kubectl: Sendable {
    let program: Program
    /// The N of version 1.N.
    let minor: Int
    let kubeconfig: String
    let namespace: String
    /// Where it keeps what it knows of the server.
    let cache: String

    /// Runs it to success; what it wrote.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String = "", environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await result(arguments, input: input, environment: environment)
        try #require(
            result.status == 0,
            "kubectl 1.\(minor) \(arguments.joined(separator: " ")): \(result.error)\(result.output)",
            sourceLocation: sourceLocation)
        return result.output
    }

    /// Runs it to a failure; what it wrote to standard error.
    func refusal(_ arguments: String..., input: String = "", sourceLocation: SourceLocation = #_sourceLocation)
        async throws -> String
    {
        let result = try await result(arguments, input: input)
        #expect(
            result.status != 0, "kubectl 1.\(minor) \(arguments.joined(separator: " ")): \(result.output)",
            sourceLocation: sourceLocation)
        return result.error
    }

    /// Runs it, whatever comes of it.
    func result(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws
        -> Program.Result
    {
        let more = environment.compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } }
        return try await program.run(
            ["--kubeconfig", kubeconfig, "--cache-dir", cache, "-n", namespace] + arguments, input: input,
            environment: .inherit.updating(Dictionary(more.map { ($0.0, Optional($0.1)) }) { $1 }))
    }

    // MARK: The versions at hand

    /// Calls `body` with the oldest and with the newest kubectl of this machine (one, when there is but one), each with a
    /// new namespace.
    static func forOldestAndNewest(_ body: (Kubectl) async throws -> Void) async throws {
        let cluster = try TestCluster.require()
        let found = try await installed()
        let newest = try #require(found.last, "kubectl is not installed")
        for (path, minor) in found.count > 1 ? [found[0], newest] : [newest] {
            let namespace = "kubectl-\(minor)-\(UInt16.random(in: 0 ... .max))"
            let kubectl = Kubectl(
                program: Program(executable: .path(FilePath(path))), minor: minor, kubeconfig: cluster.kubeconfig,
                namespace: namespace, cache: "\(cluster.directory)/\(namespace)")
            try await kubectl("create", "namespace", kubectl.namespace)
            _ = try await eventually("the namespace has its service account") {
                try await kubectl("get", "serviceaccount", "default", "--ignore-not-found").isEmpty ? nil : ()
            }
            try await body(kubectl)
            try await kubectl("delete", "namespace", kubectl.namespace, "--wait=false")
        }
    }

    /// Every kubectl of this machine with the minor version that it says it has, the oldest first: the one in PATH, and
    /// the numbered ones beside it, as Google's packages install them.
    private static func installed() async throws -> [(path: String, minor: Int)] {
        let files = FileManager.default
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        var folders = path.split(separator: ":").map(String.init) + ["/usr/lib/google-cloud-sdk/bin"]
        for folder in folders {
            guard let target = try? files.destinationOfSymbolicLink(atPath: folder + "/kubectl") else { continue }
            folders.append(
                URL(filePath: target, relativeTo: URL(filePath: folder + "/")).deletingLastPathComponent().path)
        }
        var versions: [Int: String] = [:]
        for folder in folders {
            let names = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).filter {
                $0 == "kubectl" || ($0.hasPrefix("kubectl.") && $0.dropFirst(8).allSatisfy { $0.isNumber || $0 == "." })
            }
            for name in names {
                let program = Program(executable: .path(FilePath("\(folder)/\(name)")))
                guard let result = try? await program.run(["version", "--client", "-o", "json"]),
                    let version = try? JSONValue(parsing: result.output)["clientVersion"],
                    let minor = version["minor"]?.string.flatMap({ Int($0.filter(\.isNumber)) }),
                    // Google's dispatcher is none itself: it runs the version that fits the server.
                    version["gitVersion"]?.string?.contains("dispatcher") != true || versions.isEmpty
                else { continue }
                if versions[minor] == nil { versions[minor] = "\(folder)/\(name)" }
            }
        }
        return versions.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }
    }
}

/// Manifests for the commands to work on.
enum Manifests {
    /// A Deployment whose pods write three lines and go on.
    static func deployment(_ name: String = "web", image: String = "busybox:1", replicas: Int = 2, env: String = "")
        -> String
    {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \(name), labels: {app: \(name)}}
        spec:
          replicas: \(replicas)
          selector: {matchLabels: {app: \(name)}}
          template:
            metadata: {labels: {app: \(name)}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: app, image: "\(image)", command: [sh, -c, "for i in 1 2 3; do echo line $i; done; exec sleep 1000"], env: [\(env)]}
        """
    }

    static func statefulSet(image: String = "busybox:1") -> String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          replicas: 2
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: app, image: "\(image)", command: [sh, -c, "exec sleep 1000"], volumeMounts: [{name: data, mountPath: /data}]}
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """
    }

    static func pod(_ name: String, _ script: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name)}
        spec: {terminationGracePeriodSeconds: 1, containers: [{name: app, image: "busybox:1", command: [sh, -c, '\(script)']}]}
        """
    }
}
