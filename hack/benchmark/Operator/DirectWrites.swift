import ArgumentParser
import FoundationEssentials
import K8sClient
import Logging
import Subprocess
import SystemPackage

/// Prints how many seconds the plain loop takes.
struct DirectBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "direct")

    @Option(help: "The kubeconfig of the cluster.") var kubeconfig: String
    @Option(help: "How many ChatBackends.") var resources = 300
    @Option(help: "The chatbackend-operator to render manifests with.") var program: String

    func run() async throws {
        let client = try KubernetesClient.forBenchmark(kubeconfig)
        let duration = try await DirectWrites(client: client, program: program).run(count: resources)
        print(duration / .seconds(1))
        await client.shutdown()
    }
}

extension KubernetesClient {
    static func forBenchmark(_ kubeconfig: String) throws -> KubernetesClient {
        let configuration = try ClientConfiguration.load(
            kubeconfigPath: kubeconfig, context: nil, environment: ProcessInfo.processInfo.environment)
        return KubernetesClient(configuration: configuration, logger: Logger(label: "benchmark"))
    }
}

/// The writes that converging a ChatBackend takes, one after the other: the resource, its seven objects, its status.
struct DirectWrites {
    let client: KubernetesClient
    let program: String

    func run(count: Int) async throws -> Duration {
        let names = (0..<count).map { "direct-\($0)" }
        let rendered = try await render(names)
        let clock = ContinuousClock()
        return try await clock.measure {
            for (name, manifests) in zip(names, rendered) {
                _ = try await client.create(
                    SampleBackend.resource, SampleBackend.manifest(name), as: PartialObjectMetadata.self)
                for manifest in manifests {
                    guard let resource = Self.resources[manifest["kind"]?.string ?? ""] else { continue }
                    _ = try await client.apply(
                        resource, manifest, ApplyOptions(fieldManager: "benchmark", force: true),
                        as: PartialObjectMetadata.self)
                }
                _ = try await client.patch(
                    SampleBackend.resource, name, .merge(["status": SampleBackend.status]), subresource: .status,
                    as: PartialObjectMetadata.self)
            }
        }
    }

    private static let resources: [String: APIResource] = [
        "Namespace": .namespaces, "ConfigMap": .configMaps, "Secret": .secrets, "Service": .services,
        "Deployment": .deployments, "Ingress": .ingresses, "CronJob": .cronJobs,
    ]

    private func render(_ names: [String]) async throws -> [[JSONValue]] {
        let input = names.map { YAML.serialize(SampleBackend.manifest($0)) }.joined(separator: "---\n")
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: ["render", "-f", "-"], input: .string(input),
            output: .string(limit: 256 << 20))
        let manifests = try YAML.parse(result.standardOutput).map(\.value)
        var byNamespace: [String: [JSONValue]] = [:]
        for manifest in manifests {
            let name = manifest["metadata", "namespace"]?.string ?? manifest["metadata", "name"]?.string ?? ""
            byNamespace[name, default: []].append(manifest)
        }
        return names.map { byNamespace[$0] ?? [] }
    }
}

/// A ChatBackend with all seven objects and no pods, so that the API server's time is measured and not a node's.
enum SampleBackend {
    static let resource = APIResource(
        group: "chatbackend.io", version: "v1", kind: "ChatBackend", plural: "chatbackends", isNamespaced: false)

    /// About what the operator writes.
    static let status: JSONValue = [
        "observedGeneration": 1, "replicas": 0, "readyReplicas": 0, "selector": "app=direct", "version": "0.1.0",
        "conditions": .array(
            ["Ready", "Available"].map { type in
                [
                    "type": .string(type), "status": "True", "reason": "Ready", "message": "All pods are available.",
                    "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
                ]
            }),
        "inventory": .array(
            (0..<7).map { index in
                [
                    "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "direct",
                    "name": .string("direct-\(index)"), "hash": "0123456789abcdef0123456789abcdef",
                    "fieldsHash": "0123456789abcdef0123456789abcdef",
                ]
            }),
    ]

    static func manifest(_ name: String) -> JSONValue {
        [
            "apiVersion": "chatbackend.io/v1", "kind": "ChatBackend", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": 0, "backup": [:],
                // A Secret that every backend has: no volume, no database, and nothing missing.
                "database": ["external": ["urlSecretRef": ["name": .string("\(name)-secret"), "key": "SECRET_KEY"]]],
                "exposure": [
                    "ingress": ["host": .string("\(name).example.dev"), "tls": ["clusterIssuer": "letsencrypt"]]
                ],
            ],
        ]
    }
}
