import K8sClient
import Synchronization

/// The Services and their ready endpoints, as the node keeps them for the proxy, the pods' hosts files and variables.
final class ServiceDirectory: Sendable {
    private struct Storage {
        var services: [ObjectKey: JSONValue] = [:]
        /// The slices of each Service, which the proxy asks for again at every change of any of them.
        var slices: [ObjectKey: [ObjectKey: JSONValue]] = [:]
        /// The Service that each slice belongs to.
        var owners: [ObjectKey: ObjectKey] = [:]
        var followers: [AsyncStream<Void>.Continuation] = []

        /// A slice without endpoints is as good as none.
        mutating func note(_ slice: JSONValue, exists: Bool) {
            let meta = slice.meta
            let name = exists && !slice.items("endpoints").isEmpty ? meta.labels["kubernetes.io/service-name"] : nil
            let owner = name.map { ObjectKey(namespace: meta.namespace, name: $0) }
            if let former = owners[meta.key], former != owner {
                slices[former]?[meta.key] = nil
                if slices[former]?.isEmpty == true { slices[former] = nil }
            }
            owners[meta.key] = owner
            if let owner { slices[owner, default: [:]][meta.key] = slice }
        }
    }

    private let cluster: any Cluster
    private let storage = Mutex(Storage())

    init(cluster: any Cluster) { self.cluster = cluster }

    /// Keeps the directory up to date until the task is cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.follow(.services) { $0.services[$1.meta.key] = $2 ? $1 : nil } }
            group.addTask { await self.follow(.endpointSlices) { $0.note($1, exists: $2) } }
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

    /// The Services that have slices of endpoints.
    func servicesWithEndpoints() -> [JSONValue] {
        storage.withLock { storage in storage.slices.keys.compactMap { storage.services[$0] } }
    }

    /// The ready addresses behind a Service's port; a headless Service's of any port when none is named.
    func endpoints(of service: JSONValue, port: String?) -> [(address: String, port: Int)] {
        let key = service.meta.key
        let slices = storage.withLock { storage in (storage.slices[key] ?? [:]).map(\.value) }
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
        let slices = storage.withLock { storage in (storage.slices[service.meta.key] ?? [:]).map(\.value) }
        return slices.flatMap { $0.items("endpoints") }.compactMap { endpoint in
            guard endpoint["conditions", "ready"]?.bool ?? true, let hostname = endpoint["hostname"]?.string,
                let address = endpoint.items("addresses").first?.string
            else { return nil }
            return (hostname, address)
        }
    }

    private func follow(
        _ resource: GroupResource, _ store: @Sendable @escaping (inout Storage, JSONValue, _ exists: Bool) -> Void
    ) async {
        for await event in cluster.watch(resource, namespace: nil) {
            let followers = storage.withLock { storage in
                store(&storage, event.object, event.kind != .deleted)
                return storage.followers
            }
            for follower in followers { follower.yield() }
        }
    }
}
