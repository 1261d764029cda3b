import K8sClient
import Logging

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
    let tokens: TokenIssuer
    let caCertificate: String
    /// Where the API server listens, for `KUBERNETES_SERVICE_HOST` and `…_PORT`.
    let apiServer: (host: String, port: Int)
    let backoff: RestartBackoff.Limits
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
