import K8sClient
import Logging
import Synchronization

/// What every pod of the node shares.
struct NodeContext: Sendable {
    static let component = "kubelet"

    let cluster: any Cluster
    /// Where pods' volumes and logs are kept.
    let directory: String
    let images: ImageMap
    let sandbox: Sandbox
    let services: ServiceDirectory
    let addresses: PodAddresses
    let logs: NodeLogs
    let events: EventRecorder
    let tokens: PodTokenSource
    let caCertificate: String
    /// Where the API server listens, for `KUBERNETES_SERVICE_HOST` and `…_PORT`.
    let apiServer: APIServerAddress
    let backoff: RestartBackoff.Limits
    let unenforced: UnenforcedFields
    let logger: Logger

    /// Records an event about a pod, or about one of its containers.
    func note(
        _ kind: EventRecorder.Kind, _ reason: String, _ message: String, pod: JSONValue, container: JSONValue? = nil
    ) {
        var path: String?
        if let container, let name = container["name"]?.string {
            let isInit = pod.items("spec", "initContainers").contains { $0["name"] == container["name"] }
            path = "spec.\(isInit ? "initContainers" : "containers"){\(name)}"
        }
        events.record(kind, reason, message, about: pod, apiVersion: "v1", kindName: "Pod", path: path)
    }
}

/// The API server's address for pods (`KUBERNETES_SERVICE_HOST` and `…_PORT`), which is known once it listens.
final class APIServerAddress: Sendable {
    let host = "127.0.0.1"
    private let number = Mutex(0)
    private let known = Gate()

    /// The port; 0 before it is known.
    var port: Int { number.withLock { $0 } }

    /// Says that the API server listens.
    func listens(on port: Int) {
        number.withLock { $0 = port }
        known.open()
    }

    /// Returns once the port is known, or the other gate opens.
    func wait(or other: Gate) async {
        await withTaskGroup { group in
            group.addTask { await self.known.wait() }
            group.addTask { await other.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
