import K8sClient

/// A change of one object, as a watch reports it.
struct ClusterEvent: Sendable {
    enum Kind: Sendable { case added, modified, deleted }
    var kind: Kind
    /// The object after the change; before it, when it was deleted.
    var object: JSONValue
}

/// How an object is to be deleted (Kubernetes `DeleteOptions`).
struct Deletion: Sendable {
    enum Propagation: String, Sendable { case background = "Background", foreground = "Foreground", orphan = "Orphan" }
    var propagation: Propagation?
    var gracePeriodSeconds: Int?
    /// Delete only the object with this uid.
    var uid: String?
}

/// The API server as the controllers and the node see it: its verbs in process, with everything that a write over HTTP
/// goes through (defaults, validation, managed fields, watches) except authentication and authorisation.
///
/// All calls are short and in memory. A `nil` namespace means a cluster-scoped object, or every namespace in `list` and
/// `watch`.
protocol Cluster: Sendable {
    func get(_ resource: GroupResource, namespace: String?, name: String) throws(StatusError) -> JSONValue

    /// The objects that carry all of the labels, in the order of namespace and name.
    func list(_ resource: GroupResource, namespace: String?, labels: [String: String]) throws(StatusError)
        -> [JSONValue]

    func create(_ resource: GroupResource, _ object: JSONValue, manager: String) throws(StatusError) -> JSONValue

    /// Reads the object, changes it and writes it back, again when another writer came between; writes nothing when
    /// `change` left it as it was.
    /// - Parameter subresource: `"status"` writes the status alone, nil everything else.
    @discardableResult
    func update(
        _ resource: GroupResource, namespace: String?, name: String, subresource: String?, manager: String,
        _ change: (inout JSONValue) -> Void
    ) throws(StatusError) -> JSONValue

    func delete(_ resource: GroupResource, namespace: String?, name: String, _ deletion: Deletion) throws(StatusError)

    /// How many replicas an object of any kind with the subresource `scale` has, as `autoscaling/v1 Scale`.
    func scale(apiVersion: String, kind: String, namespace: String, name: String) throws(StatusError) -> JSONValue

    /// Sets how many replicas such an object is to have.
    func setScale(
        apiVersion: String, kind: String, namespace: String, name: String, replicas: Int, manager: String
    ) throws(StatusError)

    /// What the resource holds now, each as `added`, then every change in order, until the consumer stops.
    func watch(_ resource: GroupResource, namespace: String?) -> AsyncStream<ClusterEvent>
}

/// How much of a container's log to send (Kubernetes `PodLogOptions`).
struct LogOptions: Sendable {
    var follow = false
    var previous = false
    var timestamps = false
    var tailLines: Int?
    var limitBytes: Int?
    var sinceSeconds: Int?
}

/// What a container wrote, as the node keeps it: the API server asks it for `GET …/pods/NAME/log`.
protocol ContainerLogs: Sendable {
    /// The log's bytes; with `follow` until the container ends or the consumer stops.
    func log(podUID: String, container: String, _ options: LogOptions) async throws(StatusError) -> AsyncStream<[UInt8]>
}
