import Foundation
import K8sClient
import Logging
import ServiceLifecycle
import UnixSignals

// The code of the articles in Sources/K8sClient/K8sClient.docc, so that it compiles; `ArticleTests` compares the two.

enum ConnectingSamples {
    static func find() async throws {
        let configuration = try ClientConfiguration.load()
        let client = KubernetesClient(configuration: configuration)
        print(try await client.version().gitVersion)
    }

    static func byHand() -> ClientConfiguration {
        let byHand = ClientConfiguration(
            server: "https://10.0.0.1:6443", tls: .init(certificateAuthority: .file("/etc/kubernetes/ca.crt")),
            credentials: .tokenFile("/run/secrets/token"))
        return byHand
    }

    static func budget() throws -> KubernetesClient {
        var shared = try ClientConfiguration.load()
        shared.requestBudget = RequestBudget(limits: [.standard: 16, "backup": 2])
        let backups = KubernetesClient(configuration: shared).using("backup")
        return backups
    }
}

enum ReadingAndWritingSamples {
    struct Deployment: Codable, Sendable, KubernetesObject {
        struct Spec: Codable, Sendable {
            var replicas: Int?
        }
        var metadata: ObjectMeta
        var spec: Spec
    }

    static func read(_ client: KubernetesClient) async throws {
        let certificates = APIResource(
            group: "cert-manager.io", version: "v1", kind: "Certificate", plural: "certificates", isNamespaced: true)
        let certificate = try await client.get(certificates, "web", namespace: "shop")
        print(certificate["status", "notAfter"]?.string ?? "not issued yet")
    }

    static func list(_ client: KubernetesClient) async throws -> Int {
        let deployments = try await client.listAll(.deployments, namespace: "shop", as: Deployment.self)
        let names = try await client.listAll(
            .deployments, .init(labelSelector: "app=web"), as: PartialObjectMetadata.self)
        return deployments.items.count + names.items.count
    }

    static func writeBack(_ client: KubernetesClient) async throws {
        var web = try await client.get(.deployments, "web", namespace: "shop", as: Preserving<Deployment>.self)
        web.spec.replicas = 3
        do {
            try await client.replace(.deployments, web)
        } catch {
            guard error.isConflict else { throw error }
            // Somebody else was faster: read again, and decide again.
        }
    }

    static func apply(_ client: KubernetesClient) async throws {
        let settings: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "shop"],
            "data": ["LOG_LEVEL": "INFO"],
        ]
        try await client.apply(
            .configMaps, settings, .init(fieldManager: "example", force: true, fieldValidation: .strict))
    }

    static func delete(_ client: KubernetesClient) async throws {
        try await client.deleteIfPresent(
            .jobs, "migrate", namespace: "shop",
            .init(propagationPolicy: .foreground, preconditions: .init(uid: "4f1b2c")))
    }

    static func warnings(_ configuration: ClientConfiguration) -> KubernetesClient {
        let strict = KubernetesClient(configuration: configuration) { warning in
            print("\(warning.request): \(warning.text)")
        }
        return strict
    }
}

enum WatchingSamples {
    struct PodSummary: Sendable {
        var node: String
        var isReady: Bool
    }

    static func watch(_ client: KubernetesClient) async {
        for await change in Watcher(
            client, .pods, namespace: "shop", .init(labelSelector: "app=web"), as: JSONValue.self)
        {
            switch change {
            case .restarted(let pods): print("there are \(pods.count) pods")
            case .applied(let pod): print("\(pod.objectKey) is \(pod["status", "phase"]?.string ?? "new")")
            case .deleted(let pod): print("\(pod.objectKey) has gone")
            }
        }
    }

    static func inform(_ client: KubernetesClient) async {
        let pods = Informer<PodSummary>(client, .pods, as: JSONValue.self) { pod in
            let conditions = pod["status", "conditions"]?.array ?? []
            return PodSummary(
                node: pod["spec", "nodeName"]?.string ?? "",
                isReady: conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" })
        }
        let byNode = pods.index("node") { [$0.node] }
        pods.onChange { key in print("look at \(key) again") }

        await pods.synced()
        print(byNode["node-1"].count { $0.isReady }, "pods of node-1 are ready")
    }
}

enum WritingAControllerSamples {
    static func run(_ client: KubernetesClient) async throws -> ServiceGroup {
        let configMaps = Informer(client, .configMaps, .init(labelSelector: "copy-to"), as: JSONValue.self)
        let (changed, changes) = AsyncStream.makeStream(of: ObjectKey.self)
        configMaps.onChange { changes.yield($0) }

        let elector = LeaderElector(
            client: client,
            configuration: .init(name: "copier", namespace: "default", identity: "pod-1"),
            onStarted: { print("leading") }, onLost: { exit(1) })
        let events = EventRecorder(
            client: client, reportingController: "example.com/copier", reportingInstance: "pod-1")

        let group = ServiceGroup(
            services: [elector, events, configMaps], gracefulShutdownSignals: [.sigterm],
            logger: Logger(label: "copier"))

        func reconcile(_ key: ObjectKey) async throws {
            guard elector.isLeader, let source = configMaps.store[key],
                let target = source["metadata", "labels", "copy-to"]?.string
            else { return }
            let copy: JSONValue = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": ["name": .string(key.name), "namespace": .string(target)],
                "data": source["data"] ?? [:],
            ]
            do {
                try await client.apply(.configMaps, copy, .init(fieldManager: "copier", force: true))
                events.record(
                    .normal, regarding: .init(.configMaps, source.metadata), reason: "Copied", action: "Copy",
                    note: "copied to \(target)")
            } catch {
                guard !error.isRetryable else { throw error }
                events.record(
                    .warning, regarding: .init(.configMaps, source.metadata), reason: "CopyRefused", action: "Copy",
                    note: error.message)
            }
        }

        await configMaps.synced()
        for await key in changed { try await reconcile(key) }
        return group
    }
}
