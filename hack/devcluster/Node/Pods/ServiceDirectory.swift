import K8sClient
import Synchronization

/// The Services and their ready endpoints, as the node keeps them for the proxy, the pods' hosts files and variables.
final class ServiceDirectory: Sendable {
    private struct Storage {
        var services: [ObjectKey: JSONValue] = [:]
        var slices: [ObjectKey: JSONValue] = [:]
        var followers: [AsyncStream<Void>.Continuation] = []
    }

    private let cluster: any Cluster
    private let storage = Mutex(Storage())

    init(cluster: any Cluster) { self.cluster = cluster }

    /// Keeps the directory up to date until the task is cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.follow(.services) { $0.services[$1] = $2 } }
            group.addTask { await self.follow(.endpointSlices) { $0.slices[$1] = $2 } }
        }
    }

    /// A signal for each change from now on, several in one when they are not taken up at once.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        storage.withLock { $0.followers.append(continuation) }
        continuation.yield()
        return stream
    }

    /// The Services of a namespace (nil: of all), by name.
    func services(in namespace: String?) -> [JSONValue] {
        storage.withLock { storage in
            storage.services.values.filter { namespace == nil || $0.meta.namespace == namespace }
        }.sorted { ($0.meta.namespace, $0.meta.name) < ($1.meta.namespace, $1.meta.name) }
    }

    /// The ready addresses behind a Service's port; a headless Service's of any port when none is named.
    func endpoints(of service: JSONValue, port: String?) -> [(address: String, port: Int)] {
        let namespace = service.meta.namespace
        let name = service.meta.name
        let slices = storage.withLock { storage in
            storage.slices.values.filter {
                $0.meta.namespace == namespace && $0.meta.labels["kubernetes.io/service-name"] == name
            }
        }
        var found: [(address: String, port: Int)] = []
        for slice in slices {
            let ports = slice.items("ports")
            let match = port == nil ? ports.first : ports.first { ($0["name"]?.string ?? "") == port }
            guard let number = match?["port"]?.int ?? (port == nil ? 0 : nil) else { continue }
            for endpoint in slice.items("endpoints") where endpoint["conditions", "ready"]?.bool ?? true {
                for address in endpoint.items("addresses") { found.append((address.string ?? "", number)) }
            }
        }
        return found
    }

    /// The ready pods behind a Service that have a host name below the Service's, as a StatefulSet's have.
    func hosts(of service: JSONValue) -> [(hostname: String, address: String)] {
        let meta = service.meta
        let slices = storage.withLock { storage in
            storage.slices.values.filter {
                $0.meta.namespace == meta.namespace && $0.meta.labels["kubernetes.io/service-name"] == meta.name
            }
        }
        return slices.flatMap { $0.items("endpoints") }.compactMap { endpoint in
            guard endpoint["conditions", "ready"]?.bool ?? true, let hostname = endpoint["hostname"]?.string,
                let address = endpoint.items("addresses").first?.string
            else { return nil }
            return (hostname, address)
        }
    }

    private func follow(
        _ resource: GroupResource, _ store: @Sendable @escaping (inout Storage, ObjectKey, JSONValue?) -> Void
    ) async {
        for await event in cluster.watch(resource, namespace: nil) {
            let followers = storage.withLock { storage in
                store(&storage, event.object.meta.key, event.kind == .deleted ? nil : event.object)
                return storage.followers
            }
            for follower in followers { follower.yield() }
        }
    }
}
