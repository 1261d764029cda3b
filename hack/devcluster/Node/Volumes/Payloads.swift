import K8sClient

/// The values of a ConfigMap or a Secret, by key.
struct Payloads: Hashable, Sendable {
    var bytes: [String: [UInt8]] = [:]

    /// Those that are text.
    var texts: [String: String] { bytes.compactMapValues { String(validating: $0, as: UTF8.self) } }
}

extension JSONValue {
    /// The values of this ConfigMap (`data`, `binaryData`) or Secret (`data`). A value that is not the base64 that it
    /// has to be cannot come from the API server, which refuses it; it is left out.
    func payloads(of resource: GroupResource) -> Payloads {
        func decoded(_ member: String) -> [String: [UInt8]] {
            (self[member]?.strings ?? [:]).compactMapValues(Base64.decode)
        }
        if resource == .secrets { return Payloads(bytes: decoded("data")) }
        let texts = (self["data"]?.strings ?? [:]).mapValues { Array($0.utf8) }
        return Payloads(bytes: decoded("binaryData").merging(texts) { $1 })
    }
}
