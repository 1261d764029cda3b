import K8sClient

extension Registry {
    /// Creates an object.
    /// - Parameter namespace: the namespace of the request's address.
    func create(
        _ kind: KindDefinition, namespace: String?, _ body: JSONValue, _ options: WriteOptions
    ) throws(StatusError) -> WriteResult {
        var warnings: [String] = []
        let decoded = try decode(body, kind, options, &warnings)
        return try create(kind, namespace: namespace, decoded: decoded, options, warnings: warnings) {
            (object) throws(StatusError) in
            var object = object
            object["metadata", "managedFields"] = ManagedFields.updated(
                from: kind.emptyObject, to: object, kind.schema, by: options.writer(kind))
            return object
        }
    }

    /// Creates a decoded object.
    /// - Parameter own: notes in the finished object who owns which field.
    func create(
        _ kind: KindDefinition, namespace: String?, decoded: JSONValue, _ options: WriteOptions, warnings: [String],
        own: (JSONValue) throws(StatusError) -> JSONValue
    ) throws(StatusError) -> WriteResult {
        let generateName = decoded.meta.generateName
        let isGenerated = decoded.meta.name.isEmpty && !generateName.isEmpty
        // Five random characters meet an existing name now and then; the eighth try fails for another reason.
        for _ in 0..<8 {
            var object = decoded
            if isGenerated { object["metadata", "name"] = .string(generateName.prefix(58) + GeneratedName.suffix()) }
            try ready(&object, kind, namespace: namespace)
            try admit(&object, kind, namespace: namespace, isDryRun: options.isDryRun)
            try validateNew(object, kind)
            object = try own(object)
            if options.isDryRun {
                if store.get(kind.storage, key(kind, namespace, object.meta.name)) != nil {
                    throw .alreadyExists(kind.groupResource, object.meta.name)
                }
                return WriteResult(object: object, isCreated: true, warnings: warnings)
            }
            let stored = kind.storable(object)
            let fields = kind.fieldValues(stored)
            let outcome = try store.insert(kind.storage, key(kind, namespace, object.meta.name)) { version in
                StoredObject(stored, resourceVersion: version, fields: fields, schemaRevision: kind.schemaRevision)
            }
            switch outcome {
            case .done(let stored):
                try didWrite(kind, from: nil, to: object)
                return WriteResult(object: try present(stored, as: kind), isCreated: true, warnings: warnings)
            case .exists, .outdated:
                release(object, kind)
                if !isGenerated { throw .alreadyExists(kind.groupResource, object.meta.name) }
            }
        }
        throw .alreadyExists(kind.groupResource, generateName)
    }

    /// Reads a body as an object of the kind.
    func decode(
        _ body: JSONValue, _ kind: KindDefinition, _ options: WriteOptions, _ warnings: inout [String]
    ) throws(StatusError) -> JSONValue {
        guard case .object = body else {
            throw .badRequest(
                "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct")
        }
        if let apiVersion = body["apiVersion"]?.string, let name = body["kind"]?.string,
            apiVersion != kind.apiVersion || name != kind.kind
        {
            let (group, version) = Self.split(apiVersion)
            throw .badRequest(
                "\(name) in version \(quoted(version)) cannot be handled as a \(kind.kind): converting "
                    + "(\(group).\(name)) to (\(kind.group).\(kind.kind)): unknown conversion")
        }
        if !kind.isBuiltIn, body["apiVersion"]?.string == nil || body["kind"]?.string == nil {
            throw .badRequest("Object 'Kind' is missing in '\(body.jsonText.prefix(200))'")
        }
        var decoding = Decoding(isBuiltIn: kind.isBuiltIn)
        var object = decoding.decode(body, kind.schema)
        if let failure = decoding.failure {
            throw .badRequest(
                "\(kind.kind) in version \(quoted(kind.version)) cannot be handled as a \(kind.kind): \(failure)")
        }
        if !decoding.unknownFields.isEmpty {
            let problems = decoding.unknownFields.map { "unknown field \(quoted($0))" }
            switch options.fieldValidation {
            case .strict:
                throw .badRequest(
                    "\(kind.kind) in version \(quoted(kind.version)) cannot be handled as a \(kind.kind): strict "
                        + "decoding error: \(problems.joined(separator: ", "))")
            case .warn: warnings.append(contentsOf: problems)
            case .ignore: break
            }
        }
        object["apiVersion"] = .string(kind.apiVersion)
        object["kind"] = .string(kind.kind)
        if object["metadata"]?.object == nil { object["metadata"] = [:] }
        return object
    }

    /// Splits `group/version`; the core group is empty.
    static func split(_ apiVersion: String) -> (group: String, version: String) {
        guard let slash = apiVersion.firstIndex(of: "/") else { return ("", apiVersion) }
        return (String(apiVersion[..<slash]), String(apiVersion[apiVersion.index(after: slash)...]))
    }

    /// Gives a new object what the server alone decides, and its defaults.
    private func ready(_ object: inout JSONValue, _ kind: KindDefinition, namespace: String?) throws(StatusError) {
        let given = object.meta
        guard given.resourceVersion.isEmpty else {
            throw .plainError("resourceVersion should not be set on objects to be created")
        }
        if kind.isNamespaced, !given.namespace.isEmpty, given.namespace != namespace {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        object["metadata", "namespace"] = kind.isNamespaced ? namespace.map { .string($0) } : nil
        object["metadata", "uid"] = .string(GeneratedName.uid())
        object["metadata", "creationTimestamp"] = .string(Timestamp.now())
        for member in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation"] {
            object["metadata", member] = nil
        }
        for member in ["labels", "annotations", "finalizers", "ownerReferences"]
        where object["metadata", member]?.isEmpty == true {
            object["metadata", member] = nil
        }
        if kind.countsGenerations { object["metadata", "generation"] = 1 }
        if kind.hasStatus { object["status"] = kind.emptyObject["status"] }
        Defaulting.apply(to: &object, kind.schema)
        kind.defaults(&object)
        kind.prepareForCreate(&object)
    }

    private func validateNew(_ object: JSONValue, _ kind: KindDefinition) throws(StatusError) {
        var errors: [FieldError] = []
        MetadataValidation.validate(object, kind, &errors)
        RequiredFields.validate(object, kind, &errors)
        if errors.isEmpty || kind.isBuiltIn { kind.validate(object, &errors) }
        guard errors.isEmpty else { throw .invalid(kind.groupKind, object.meta.name, errors) }
    }
}

extension JSONValue {
    /// Whether this is an array or object without anything in it.
    var isEmpty: Bool {
        switch self {
        case .array(let items): items.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
