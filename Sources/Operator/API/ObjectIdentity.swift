/// Names one object of the cluster, whatever its version in store.
struct ObjectIdentity: Sendable, Hashable, CustomStringConvertible {
    let apiVersion: String
    let kind: String
    let namespace: String?
    let name: String

    var description: String { "\(kind) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}
