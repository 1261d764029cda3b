import K8sClient
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// kube-proxy in user space: listens on every Service's cluster address and passes each connection on to one of its
/// ready endpoints, in turn.
///
/// A Service without ready endpoints is not listened for: a client is refused, as kube-proxy's REJECT rules do.
struct ServiceProxy: Sendable {
    /// Where a Service is reached, and as which port of it.
    struct Frontend: Hashable, Sendable {
        var address: String
        var port: Int
    }

    let directory: ServiceDirectory
    let logger: Logger

    /// Runs until the task is cancelled; then every listener and connection is closed.
    func run() async {
        var listeners: [Frontend: (channel: any Channel, backends: Backends)] = [:]
        let connections = ConnectionSet()
        for await _ in directory.changes() {
            let wanted = frontends()
            for (frontend, listener) in listeners where wanted[frontend] == nil {
                try? await listener.channel.close()  // it may have failed and be closed already
                listeners[frontend] = nil
            }
            for (frontend, endpoints) in wanted {
                if let listener = listeners[frontend] {
                    listener.backends.set(endpoints)
                    continue
                }
                let backends = Backends(endpoints)
                do {
                    let channel = try await Self.listen(frontend, backends, connections)
                    listeners[frontend] = (channel, backends)
                } catch {
                    logger.warning("service proxy: cannot listen on \(frontend.address):\(frontend.port): \(error)")
                }
            }
        }
        for listener in listeners.values { try? await listener.channel.close() }
        connections.closeAll()
    }

    private func frontends() -> [Frontend: [Backends.Endpoint]] {
        var result: [Frontend: [Backends.Endpoint]] = [:]
        for service in directory.servicesWithEndpoints() {
            guard let address = service["spec", "clusterIP"]?.string, address.hasPrefix("127.") else { continue }
            for port in service.items("spec", "ports") where (port["protocol"]?.string ?? "TCP") == "TCP" {
                guard let number = port["port"]?.int else { continue }
                let endpoints = directory.endpoints(of: service, port: port["name"]?.string ?? "")
                guard !endpoints.isEmpty else { continue }
                result[Frontend(address: address, port: number)] = endpoints.map {
                    Backends.Endpoint(address: $0.address, port: $0.port)
                }
            }
        }
        return result
    }

    private static func listen(_ frontend: Frontend, _ backends: Backends, _ connections: ConnectionSet)
        async throws -> any Channel
    {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                guard connections.add(client) else { return client.close() }
                return client.eventLoop.makeCompletedFuture {
                    try client.pipeline.syncOperations.addHandler(ProxyConnection(backends: backends))
                }
            }
            .bind(host: frontend.address, port: frontend.port).get()
    }
}

/// The ready endpoints behind one Service port.
final class Backends: Sendable {
    struct Endpoint: Hashable, Sendable {
        var address: String
        var port: Int
    }

    private struct Storage {
        var endpoints: [Endpoint]
        var next = 0
    }

    private let storage: Mutex<Storage>

    init(_ endpoints: [Endpoint]) { storage = Mutex(Storage(endpoints: endpoints)) }

    func set(_ endpoints: [Endpoint]) { storage.withLock { $0.endpoints = endpoints } }

    /// The endpoints in the order in which a new connection tries them: another one first each time.
    func candidates() -> [Endpoint] {
        storage.withLock { storage in
            guard !storage.endpoints.isEmpty else { return [] }
            storage.next = (storage.next + 1) % storage.endpoints.count
            return Array(storage.endpoints[storage.next...] + storage.endpoints[..<storage.next])
        }
    }
}

/// The proxy's open client connections, bounded so that a client without manners cannot take all file descriptors.
final class ConnectionSet: Sendable {
    static let limit = 10_000

    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    /// Takes a connection in until it closes; false when there are too many.
    func add(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdded = channels.withLock { channels in
            guard channels.count < Self.limit else { return false }
            channels[key] = channel
            return true
        }
        if isAdded { channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[key] = nil } } }
        return isAdded
    }

    func closeAll() {
        for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
