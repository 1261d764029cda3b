import DequeModule
import K8sClient
import Logging
import Synchronization

/// Writes Events (core v1) about objects; the same event again raises the count of the one that is there.
///
/// What it remembers is bounded: after 1,024 others an event starts a new count, as with client-go's recorder.
final class EventRecorder: Sendable {
    enum Kind: String { case normal = "Normal", warning = "Warning" }

    private struct Signature: Hashable {
        var uid: String
        var path: String
        var reason: String
        var message: String
    }

    private struct Known {
        var names: [Signature: String] = [:]
        var order: Deque<Signature> = []
    }

    private let cluster: any Cluster
    private let component: String
    private let host: String?
    private let logger: Logger
    private let known = Mutex(Known())

    init(cluster: any Cluster, component: String, host: String? = nil, logger: Logger) {
        self.cluster = cluster
        self.component = component
        self.host = host
        self.logger = logger
    }

    /// Records an event.
    /// - Parameter path: the part of the object that it is about, such as `spec.containers{app}`.
    func record(
        _ kind: Kind, _ reason: String, _ message: String, about object: JSONValue, apiVersion: String,
        kindName: String, path: String? = nil
    ) {
        let meta = object.meta
        let now = KubernetesTime.now
        let namespace = meta.namespace.isEmpty ? "default" : meta.namespace
        let signature = Signature(uid: meta.uid, path: path ?? "", reason: reason, message: message)
        let name = known.withLock { $0.names[signature] }
        do {
            if let name, try repeated(name, in: namespace, at: now) { return }
            var event: JSONValue = [
                "apiVersion": "v1", "kind": "Event",
                "metadata": [
                    "name": .string("\(meta.name.prefix(230)).\(String(UInt64.random(in: .min ... .max), radix: 16))"),
                    "namespace": .string(namespace),
                ],
                "type": .string(kind.rawValue), "reason": .string(reason), "message": .string(message),
                "involvedObject": [
                    "apiVersion": .string(apiVersion), "kind": .string(kindName), "name": .string(meta.name),
                    "uid": .string(meta.uid),
                ],
                "source": ["component": .string(component)],
                "firstTimestamp": .string(now.description), "lastTimestamp": .string(now.description),
                "count": 1, "reportingComponent": .string(component), "reportingInstance": .string(host ?? ""),
            ]
            if !meta.namespace.isEmpty { event["involvedObject", "namespace"] = .string(meta.namespace) }
            if let path { event["involvedObject", "fieldPath"] = .string(path) }
            if let version = object["metadata", "resourceVersion"] {
                event["involvedObject", "resourceVersion"] = version
            }
            if let host { event["source", "host"] = .string(host) }
            let created = try cluster.create(.events, event, manager: component)
            remember(signature, created.meta.name)
        } catch {
            // An event is news about the work, not the work: that one could not be written (its namespace is going
            // away, most often) must not stop what it tells of.
            logger.debug("event \(reason) about \(meta.key) not recorded: \(error.message)")
        }
    }

    private func repeated(_ name: String, in namespace: String, at now: KubernetesTime) throws(StatusError) -> Bool {
        do {
            try cluster.update(.events, namespace: namespace, name: name, subresource: nil, manager: component) {
                $0["count"] = JSONValue(($0["count"]?.int ?? 1) + 1)
                $0["lastTimestamp"] = .string(now.description)
            }
            return true
        } catch {
            if error.code == 404 { return false }
            throw error
        }
    }

    private func remember(_ signature: Signature, _ name: String) {
        known.withLock { known in
            if known.names.updateValue(name, forKey: signature) == nil { known.order.append(signature) }
            if known.order.count > 1_024, let oldest = known.order.popFirst() { known.names[oldest] = nil }
        }
    }
}
