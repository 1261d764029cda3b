import K8sClient

/// How a controller finds the objects that are its own: those that name it as their controller, and those that its
/// selector chooses and that nobody controls, which it takes over (an owner that was deleted with `--cascade=orphan` and
/// made again gets its objects back).
struct Adoption: Sendable {
    let cluster: any Cluster
    let apiVersion: String
    let kind: String

    /// - Parameters:
    ///   - owner: the controlling object; one that is being deleted adopts nothing.
    ///   - accepts: whether an object that nobody controls may become the owner's.
    func objects(
        _ resource: GroupResource, of owner: JSONValue, accepts: (JSONValue) -> Bool = { _ in true }
    ) throws(StatusError) -> [JSONValue] {
        let meta = owner.meta
        guard let selector = LabelSelector(owner["spec", "selector"]) else { return [] }
        var own: [JSONValue] = []
        let labels = owner["spec", "selector", "matchLabels"]?.strings ?? [:]
        for object in try cluster.list(resource, namespace: meta.namespace, labels: labels) {
            if let controller = object.meta.controller {
                if controller.uid == meta.uid { own.append(object) }
                continue
            }
            guard !meta.isDeleting, !object.meta.isDeleting, selector.matches(object.meta.labels), accepts(object)
            else { continue }
            if let adopted = try adopt(resource, object, by: owner) { own.append(adopted) }
        }
        return own
    }

    /// nil when the object went, or became another's, meanwhile.
    private func adopt(_ resource: GroupResource, _ object: JSONValue, by owner: JSONValue) throws(StatusError)
        -> JSONValue?
    {
        let reference = owner.controllerReference(apiVersion: apiVersion, kind: kind)
        do {
            let adopted = try cluster.update(
                resource, namespace: object.meta.namespace, name: object.meta.name, subresource: nil,
                manager: "kube-controller-manager"
            ) { current in
                guard current.meta.uid == object.meta.uid, current.meta.controller == nil else { return }
                current["metadata", "ownerReferences"] = .array(current.meta.ownerReferences + [reference])
            }
            return adopted.meta.controller?.uid == owner.meta.uid ? adopted : nil
        } catch {
            if error.code == 404 { return nil }
            throw error
        }
    }
}
