import K8sClient

/// Reads the bodies that requests bring.
struct RequestBodyReader: Sendable {
    let contentType: MediaType
    let bytes: [UInt8]
    /// Finds the schema of an object that comes as protobuf, which says nothing of names itself.
    let schema: @Sendable (_ apiVersion: String, _ kind: String) -> Schema?

    private static let objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
    private static let patchTypes = [
        "application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml",
    ]

    /// The object of a POST or PUT.
    func object() throws(StatusError) -> JSONValue {
        switch contentType.name {
        case "", "application/json", "text/json": return try json()
        case "application/yaml", "text/yaml": return try yaml()
        case "application/vnd.kubernetes.protobuf": return try ProtobufEnvelope(bytes).object(schema)
        default:
            throw .unsupportedMediaType(contentType.name, supported: Self.objectTypes)
        }
    }

    /// The object, when there is a body at all.
    func optionalObject() throws(StatusError) -> JSONValue? {
        bytes.isEmpty ? nil : try object()
    }

    enum PatchBody {
        case patch(Patch)
        case apply(JSONValue)
    }

    func patch(isBuiltIn: Bool) throws(StatusError) -> PatchBody {
        switch contentType.name {
        case "application/merge-patch+json": return .patch(.merge(try patchObject()))
        case "application/json-patch+json": return .patch(.json(try json()))
        case "application/strategic-merge-patch+json" where isBuiltIn: return .patch(.strategic(try patchObject()))
        case "application/apply-patch+yaml": return .apply(try yaml())
        default:
            var supported = Self.patchTypes
            if isBuiltIn { supported.insert("application/strategic-merge-patch+json", at: 2) }
            throw .unsupportedMediaType(contentType.name, supported: supported)
        }
    }

    private func patchObject() throws(StatusError) -> JSONValue {
        let value = try json()
        guard case .object = value else { throw .badRequest("a patch must be an object") }
        return value
    }

    private func json() throws(StatusError) -> JSONValue {
        guard !bytes.isEmpty else { throw .badRequest("the body of the request is empty") }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .badRequest("couldn't get version/kind; json parse error: \(error)")
        }
    }

    private func yaml() throws(StatusError) -> JSONValue {
        // JSON is YAML, and what most clients send under its name; whatever is not quite JSON is read as YAML below.
        if bytes.first == UInt8(ascii: "{"), let value = try? JSONValue(parsing: bytes) { return value }
        do {
            let documents = try YAML.parse(String(decoding: bytes, as: UTF8.self))
            guard documents.count == 1 else {
                throw StatusError.badRequest("the body holds \(documents.count) YAML documents, one is expected")
            }
            return documents[0].value
        } catch let error as StatusError {
            throw error
        } catch {
            throw .badRequest("error parsing YAML: \(error)")
        }
    }
}
