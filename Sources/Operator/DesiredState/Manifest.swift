import K8sClient

/// An object as the operator wants it: what server-side apply is given.
struct Manifest: Sendable, Hashable {
    let resource: APIResource
    let object: JSONValue
    /// Keys of a Secret whose values are made once, at random, when the Secret has none yet. Never part of `object`, so
    /// that no value is held, hashed or printed.
    let generatedKeys: [String]

    init(_ resource: APIResource, _ object: JSONValue, generatedKeys: [String] = []) {
        self.resource = resource
        self.object = object
        self.generatedKeys = generatedKeys
    }

    /// Which object this is.
    var identity: ObjectIdentity {
        ObjectIdentity(
            apiVersion: resource.apiVersion, kind: resource.kind,
            namespace: object["metadata", "namespace"]?.string, name: object["metadata", "name"]?.string ?? "")
    }

    /// Changes whenever the object is to be applied again.
    var hash: Digest {
        Digest(of: generatedKeys.isEmpty ? object : [object, JSONValue(generatedKeys)])
    }
}
