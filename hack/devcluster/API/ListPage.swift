import K8sClient

/// A page of a list, and the token that leads to the next one.
struct ListPage: Sendable {
    let objects: [StoredObject]
    let version: UInt64
    let next: String?
    let remaining: Int?

    /// - Throws: 400 when the token is none of this server's.
    init(
        _ store: ClusterStore, _ resource: GroupResource, _ selection: Selection, limit: Int, continuation: String?
    ) throws(StatusError) {
        var (objects, version) = store.list(resource, selection)
        if let continuation {
            let token = try Token(continuation)
            version = token.version
            let start = ObjectKey(namespace: token.namespace, name: token.name)
            objects = Array(objects.drop { $0.key <= start })
        }
        if limit > 0, objects.count > limit, let last = objects.prefix(limit).last {
            next = Token(version: version, namespace: last.key.namespace, name: last.key.name).text
            // Unknown where a selector decides, as on a real server.
            let isSelective = !selection.labels.requirements.isEmpty || !selection.fields.requirements.isEmpty
            remaining = isSelective ? nil : objects.count - limit
            self.objects = Array(objects.prefix(limit))
        } else {
            next = nil
            remaining = nil
            self.objects = objects
        }
        self.version = version
    }

    private struct Token {
        var version: UInt64
        var namespace: String
        var name: String

        init(version: UInt64, namespace: String, name: String) {
            self.version = version
            self.namespace = namespace
            self.name = name
        }

        init(_ text: String) throws(StatusError) {
            guard let bytes = Base64.decodeURL(text), let value = try? JSONValue(parsing: bytes),
                let version = value["rv"]?.string.flatMap({ UInt64($0) }), let name = value["name"]?.string
            else { throw .badRequest("continue key is not valid: illegal base64 data") }
            self.init(version: version, namespace: value["namespace"]?.string ?? "", name: name)
        }

        var text: String {
            let value: JSONValue = [
                "rv": .string(String(version)), "namespace": .string(namespace), "name": .string(name),
            ]
            return Base64.encodeURL(value.jsonBytes())
        }
    }
}
