import K8sClient

extension ResourceHandler {
    func create() throws(StatusError) -> APIAnswer {
        let result = try registry.create(
            kind, namespace: resource.namespace, try body.object(), try writeOptions("CreateOptions"))
        return try answer(result.object, status: 201, warnings: result.warnings)
    }

    func replace(_ name: String) throws(StatusError) -> APIAnswer {
        let result = try registry.replace(
            kind, namespace: resource.namespace, name: name, try body.object(), try writeOptions("UpdateOptions"))
        return try answer(result.object, warnings: result.warnings)
    }

    func patch(_ name: String) throws(StatusError) -> APIAnswer {
        var options = try writeOptions("PatchOptions")
        let result: WriteResult
        switch try body.patch(isBuiltIn: kind.isBuiltIn) {
        case .patch(let patch):
            result = try registry.patch(kind, namespace: resource.namespace, name: name, patch, options)
        case .apply(let config):
            options.manager = call.query["fieldManager"] ?? ""
            let key = registry.key(kind, resource.namespace, name)
            if registry.store.get(kind.storage, key) == nil {
                // An apply that creates needs the right to create.
                var attributes = Self.attributes(call, resource)
                attributes.verb = "create"
                try server.authorizer.authorize(user, attributes)
            }
            result = try registry.apply(kind, namespace: resource.namespace, name: name, config, options)
        }
        return try answer(result.object, status: result.isCreated ? 201 : 200, warnings: result.warnings)
    }

    // MARK: Deleting

    /// `DeleteOptions` of the body, or of the query.
    private func deletion() throws(StatusError) -> (Deletion, resourceVersion: String?, isDryRun: Bool) {
        let options = try body.optionalObject() ?? [:]
        var deletion = Deletion()
        if let text = options["propagationPolicy"]?.string ?? call.query["propagationPolicy"], !text.isEmpty {
            guard let propagation = Deletion.Propagation(rawValue: text) else {
                throw .invalid(
                    GroupKind("meta.k8s.io", "DeleteOptions"), "",
                    [
                        .notSupported(
                            "propagationPolicy", .string(text), ["Background", "Foreground", "Orphan"])
                    ])
            }
            deletion.propagation = propagation
        } else if let orphans = options["orphanDependents"]?.bool
            ?? call.query["orphanDependents"].map({ $0 == "true" })
        {
            deletion.propagation = orphans ? .orphan : .background
        }
        deletion.gracePeriodSeconds =
            options["gracePeriodSeconds"]?.int ?? call.query["gracePeriodSeconds"].flatMap { Int($0) }
        deletion.uid = options["preconditions", "uid"]?.string
        let inBody = options["dryRun"]?.array?.contains("All") ?? false
        let isDryRun = try writeOptions("DeleteOptions").isDryRun || inBody
        return (deletion, options["preconditions", "resourceVersion"]?.string, isDryRun)
    }

    func delete(_ name: String) throws(StatusError) -> APIAnswer {
        let (deletion, version, isDryRun) = try deletion()
        let result = try registry.delete(
            kind, namespace: resource.namespace, name: name, deletion, resourceVersion: version, isDryRun: isDryRun)
        switch result {
        case .marked(let object): return try answer(object)
        case .removed(let object):
            if kind.returnsDeletedObject { return try answer(object) }
            var details: JSONValue = [
                "name": .string(name), "kind": .string(kind.resource), "uid": .string(object.meta.uid),
            ]
            if !kind.group.isEmpty { details["group"] = .string(kind.group) }
            return .json([
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ])
        }
    }

    func deleteCollection() throws(StatusError) -> APIAnswer {
        let (deletion, _, isDryRun) = try deletion()
        var deleted: [JSONValue] = []
        let (objects, version) = registry.store.list(kind.storage, try selection())
        for stored in objects {
            do {
                _ = try registry.delete(
                    kind, namespace: stored.key.namespace, name: stored.key.name, deletion, isDryRun: isDryRun)
                deleted.append(try registry.present(stored, as: kind))
            } catch {
                // Another one deleted it meanwhile, which is what was asked for.
                guard error.code == 404 else { throw error }
            }
        }
        return .json([
            "kind": .string(kind.listKind), "apiVersion": .string(kind.apiVersion),
            "metadata": ["resourceVersion": .string(String(version))], "items": .array(deleted),
        ])
    }

    // MARK: Scale

    func answerScale() throws(StatusError) -> APIAnswer {
        guard let name = resource.name else { throw .pathNotFound }
        let namespace = resource.namespace
        let scale: JSONValue
        switch call.method {
        case "GET":
            scale = try registry.scale(kind, namespace: namespace, name: name)
        case "PUT":
            let given = try body.object()
            let options = try writeOptions("UpdateOptions")
            scale = try registry.updateScale(kind, namespace: namespace, name: name, options) { _ in given }
        case "PATCH":
            let options = try writeOptions("PatchOptions")
            let change: (JSONValue) throws(StatusError) -> JSONValue
            switch try body.patch(isBuiltIn: true) {
            case .patch(let patch):
                change = { (scale) throws(StatusError) in try patch.applied(to: scale, kind, name: name) }
            case .apply(let config): change = { MergePatch.apply(config, to: $0) }
            }
            scale = try registry.updateScale(kind, namespace: namespace, name: name, options, change)
        default:
            throw .methodNotAllowed(call.verb)
        }
        return .json(scale)
    }
}
