import K8sClient
import Logging

/// Keeps the Node object and its lease, as a kubelet does.
struct NodeHeartbeat: Sendable {
    let cluster: any Cluster
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try beat()
            } catch {
                logger.warning("node \(NodeObject.name) not reported: \(error)")
            }
            do { try await Task.sleep(for: .seconds(60)) } catch { return }
        }
    }

    private func beat() throws(StatusError) {
        let key = ObjectKey(namespace: "", name: NodeObject.name)
        if try cluster.find(.nodes, key) == nil {
            _ = try cluster.create(.nodes, NodeObject.object, manager: NodeContext.component)
        }
        let node = try cluster.update(
            .nodes, namespace: nil, name: key.name, subresource: "status", manager: NodeContext.component
        ) { $0["status"] = NodeObject.status($0, now: .now) }
        let lease = ObjectKey(namespace: NodeObject.leaseNamespace, name: NodeObject.name)
        if try cluster.find(.leases, lease) == nil {
            _ = try cluster.create(.leases, NodeObject.lease(of: node), manager: NodeContext.component)
        }
        try cluster.update(
            .leases, namespace: lease.namespace, name: lease.name, subresource: nil, manager: NodeContext.component
        ) { $0["spec", "renewTime"] = .string(Timestamp.nowMicro()) }
    }
}
