import K8sClient

/// The envelope around every object in protobuf (`runtime.Unknown`): four bytes of magic, then which kind it is and its
/// bytes. Typed clients, `kubectl create` among them, send it; answers are always JSON, which the same clients accept.
struct ProtobufEnvelope {
    private static let magic = Array("k8s\0".utf8)

    private var apiVersion = ""
    private var kind = ""
    private var raw: ArraySlice<UInt8> = []

    init(_ bytes: [UInt8]) throws(StatusError) {
        guard bytes.starts(with: Self.magic) else {
            throw .badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        do {
            var reader = ProtobufReader(bytes[Self.magic.count...])
            while let (number, value) = try reader.next() {
                guard case .bytes(let content) = value else { continue }
                if number == 1 {
                    var type = ProtobufReader(content)
                    while let (number, value) = try type.next() {
                        guard case .bytes(let text) = value else { continue }
                        if number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
                        if number == 2 { kind = String(decoding: text, as: UTF8.self) }
                    }
                } else if number == 2 {
                    raw = content
                }
            }
        } catch {
            throw .badRequest("\(error)")
        }
    }

    func object(_ schema: (_ apiVersion: String, _ kind: String) -> Schema?) throws(StatusError) -> JSONValue {
        guard let schema = schema(apiVersion, kind), !schema.fieldNumbers.isEmpty else {
            throw .unsupportedMediaType(
                "application/vnd.kubernetes.protobuf", supported: ["application/json", "application/yaml"])
        }
        do {
            var object = try ProtobufDecoding.object(raw, schema)
            object["apiVersion"] = .string(apiVersion)
            object["kind"] = .string(kind)
            return object
        } catch {
            throw .badRequest("\(error)")
        }
    }
}
