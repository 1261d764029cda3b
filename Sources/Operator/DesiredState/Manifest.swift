import K8sClient

/// An object as the operator wants it: what server-side apply is given.
struct Manifest: Sendable, Hashable {
    let resource: APIResource
    let object: JSONValue
    /// Keys of a Secret whose values are made once, at random, when the Secret has none yet. Never part of `object`, so
    /// that no value is held, hashed or printed.
    let generatedKeys: [String]
    /// Keys of a Secret that are made of a generated one.
    let composedKeys: [ComposedKey]

    init(
        _ resource: APIResource, _ object: JSONValue, generatedKeys: [String] = [], composedKeys: [ComposedKey] = []
    ) {
        self.resource = resource
        self.object = object
        self.generatedKeys = generatedKeys
        self.composedKeys = composedKeys
    }

    /// Which object this is.
    var identity: ObjectIdentity {
        ObjectIdentity(
            apiVersion: resource.apiVersion, kind: resource.kind,
            namespace: object["metadata", "namespace"]?.string, name: object["metadata", "name"]?.string ?? "")
    }

    /// Changes whenever the object is to be applied again.
    var hash: Digest {
        if generatedKeys.isEmpty, composedKeys.isEmpty { return Digest(of: object) }
        if composedKeys.isEmpty { return Digest(of: [object, JSONValue(generatedKeys)]) }
        let composed = composedKeys.flatMap { [$0.key, $0.prefix, $0.passwordKey, $0.suffix] }
        return Digest(of: [object, JSONValue(generatedKeys), JSONValue(composed)])
    }
}

/// An address in a Secret around a password that the same Secret holds under another key.
struct ComposedKey: Sendable, Hashable {
    let key: String
    let prefix: String
    let passwordKey: String
    let suffix: String

    /// The address with this password, percent-encoded (RFC 3986).
    func value(password: String) -> String {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let encoded = password.utf8.map { byte in
            unreserved.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return prefix + encoded.joined() + suffix
    }
}
