import K8sClient

/// The `scale` subresource: how many replicas, as one object for every kind that has them.
extension Registry {
    func scale(_ kind: KindDefinition, namespace: String?, name: String) throws(StatusError) -> JSONValue {
        guard let paths = kind.scale else { throw .pathNotFound }
        return Self.scale(of: try get(kind, namespace: namespace, name: name), paths)
    }

    /// Changes the replicas by what `change` makes of the Scale object.
    func updateScale(
        _ kind: KindDefinition, namespace: String?, name: String, _ options: WriteOptions,
        _ change: (JSONValue) throws(StatusError) -> JSONValue
    ) throws(StatusError) -> JSONValue {
        guard let paths = kind.scale else { throw .pathNotFound }
        var options = options
        options.subresource = "scale"
        let result = try update(kind, namespace: namespace, name: name, options) { (old) throws(StatusError) in
            let scale = try change(Self.scale(of: old, paths))
            if !scale.meta.name.isEmpty, scale.meta.name != name {
                throw .badRequest(
                    "the name of the object (\(scale.meta.name)) does not match the name on the URL (\(name))")
            }
            let replicas = scale["spec", "replicas"]?.int ?? 0
            guard replicas >= 0 else {
                throw .invalid(
                    GroupKind("autoscaling", "Scale"), name,
                    [.invalid("spec.replicas", JSONValue(replicas), "must be greater than or equal to 0")])
            }
            var object = old
            object[path: paths.specReplicas[...]] = JSONValue(replicas)
            object["metadata", "resourceVersion"] = scale["metadata", "resourceVersion"]
            return Proposal(object: object)
        }
        return Self.scale(of: result.object, paths)
    }

    func scale(apiVersion: String, kind: String, namespace: String, name: String) throws(StatusError) -> JSONValue {
        try scale(try scalable(apiVersion, kind), namespace: namespace, name: name)
    }

    func setScale(
        apiVersion: String, kind: String, namespace: String, name: String, replicas: Int, manager: String
    ) throws(StatusError) {
        _ = try updateScale(
            try scalable(apiVersion, kind), namespace: namespace, name: name, WriteOptions(manager: manager)
        ) { scale in
            var scale = scale
            scale["spec", "replicas"] = JSONValue(replicas)
            // Whatever was written between: the number is what is wanted, whoever set another.
            scale["metadata", "resourceVersion"] = nil
            return scale
        }
    }

    private func scalable(_ apiVersion: String, _ kind: String) throws(StatusError) -> KindDefinition {
        guard let definition = kinds.kind(apiVersion: apiVersion, kind: kind), definition.scale != nil else {
            throw StatusError(
                code: 404, reason: "NotFound",
                message: "no matches for kind \(quoted(kind)) with scale in \(quoted(apiVersion))")
        }
        return definition
    }

    private static func scale(of object: JSONValue, _ paths: KindDefinition.ScalePaths) -> JSONValue {
        var scale: JSONValue = [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": [:], "spec": [:],
            "status": ["replicas": JSONValue(object[path: paths.statusReplicas[...]]?.int ?? 0)],
        ]
        for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            scale["metadata", member] = object["metadata", member]
        }
        // Zero is left out, as Go leaves it out.
        if let replicas = object[path: paths.specReplicas[...]]?.int, replicas != 0 {
            scale["spec", "replicas"] = JSONValue(replicas)
        }
        if let path = paths.selector {
            scale["status", "selector"] = object[path: path[...]]
        } else if paths.hasLabelSelector, let selector = LabelSelector(object["spec", "selector"]) {
            scale["status", "selector"] = .string(selector.text)
        }
        return scale
    }
}
