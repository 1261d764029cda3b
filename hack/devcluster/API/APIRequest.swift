import K8sClient

/// A request as the API understands it: the verb and what it is about, read from method, path and query.
struct APIRequest: Sendable {
    enum Target: Sendable, Hashable {
        /// `/version`, `/healthz` and other paths without objects.
        case path
        case resource(Resource)
    }

    struct Resource: Sendable, Hashable {
        var group: String
        var version: String
        var resource: String
        var namespace: String?
        var name: String?
        var subresource: String?

        var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    }

    let method: String
    /// The path without its query.
    let path: String
    let segments: [String]
    let query: [String: String]
    let target: Target

    init(method: String, uri: String) {
        self.method = method
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(halves[0])
        segments = halves[0].split(separator: "/").map { Self.unescaped($0, plusIsSpace: false) }
        var query: [String: String] = [:]
        if halves.count > 1 {
            for pair in halves[1].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = Self.unescaped(parts[0], plusIsSpace: true)
                if query[name] == nil {
                    query[name] = parts.count > 1 ? Self.unescaped(parts[1], plusIsSpace: true) : ""
                }
            }
        }
        self.query = query
        target = Self.target(segments)
    }

    /// The verb as RBAC names it.
    var verb: String {
        guard case .resource(let resource) = target else { return method.lowercased() }
        switch method {
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return resource.name == nil ? "deletecollection" : "delete"
        default:
            if isWatch { return "watch" }
            return resource.name == nil ? "list" : "get"
        }
    }

    var isWatch: Bool {
        method == "GET" && ["1", "true"].contains(query["watch"]) && query["follow"] == nil
    }

    private static func target(_ segments: [String]) -> Target {
        var rest: ArraySlice<String>
        let group: String
        let version: String
        switch segments.first {
        case "api" where segments.count >= 3:
            (group, version, rest) = ("", segments[1], segments[2...])
        case "apis" where segments.count >= 4:
            (group, version, rest) = (segments[1], segments[2], segments[3...])
        default:
            return .path
        }
        var resource = Resource(group: group, version: version, resource: "")
        // `/api/v1/namespaces/NAME/status` is the namespace's own subresource.
        let ownSubresources = ["status", "finalize"]
        if rest.first == "namespaces", rest.count >= 3,
            !(rest.count == 3 && ownSubresources.contains(rest[rest.startIndex + 2]))
        {
            resource.namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        guard let name = rest.first else { return .path }
        resource.resource = name
        rest = rest.dropFirst()
        resource.name = rest.popFirst()
        if !rest.isEmpty { resource.subresource = rest.joined(separator: "/") }
        return .resource(resource)
    }

    private static func unescaped(_ text: Substring, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
