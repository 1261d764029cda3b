import HTTPTypes
import Hummingbird
import K8sClient
import NIOCore

/// Answers one request about objects.
struct ResourceHandler: Sendable {
    let server: APIServer
    let call: APIRequest
    let request: Request
    let body: [UInt8]

    var registry: Registry { server.registry }

    func answer() async throws -> APIAnswer {
        guard case .resource(let resource) = call.target,
            let kind = registry.kinds.kind(apiVersion: resource.apiVersion, resource: resource.resource)
        else { throw StatusError.pathNotFound }
        switch (call.method, resource.name) {
        case ("GET", nil): return call.isWatch ? try watch(kind, resource) : try list(kind, resource)
        case ("GET", let name?):
            let stored = try registry.stored(kind, namespace: resource.namespace, name: name)
            return APIAnswer(body: .bytes(try registry.presentedBytes(stored, as: kind)))
        case ("POST", nil):
            let result = try registry.create(kind, namespace: resource.namespace, try json(), options)
            return .json(result.object, status: 201)
        case ("PUT", let name?):
            return .json(
                try registry.replace(kind, namespace: resource.namespace, name: name, try json(), options).object)
        case ("PATCH", let name?):
            return .json(
                try registry.patch(kind, namespace: resource.namespace, name: name, .merge(try json()), options).object)
        case ("DELETE", let name?):
            switch try registry.delete(kind, namespace: resource.namespace, name: name, Deletion()) {
            case .removed(let uid):
                var details: JSONValue = [
                    "name": .string(name), "kind": .string(kind.resource), "uid": .string(uid),
                ]
                if !kind.group.isEmpty { details["group"] = .string(kind.group) }
                return .json([
                    "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
                ])
            case .marked(let object): return .json(object)
            }
        default: throw StatusError.methodNotAllowed(call.verb)
        }
    }

    private var options: WriteOptions {
        WriteOptions(manager: call.query["fieldManager"] ?? "unknown", subresource: nil)
    }

    private func json() throws(StatusError) -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw .badRequest("\(error)")
        }
    }

    private func list(_ kind: KindDefinition, _ resource: APIRequest.Resource) throws -> APIAnswer {
        let (objects, version) = registry.store.list(kind.storage, Selection(namespace: resource.namespace))
        var bytes = Array(
            #"{"apiVersion":"\#(kind.apiVersion)","kind":"\#(kind.listKind)","metadata":{"resourceVersion":"\#(version)"},"items":["#
                .utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: try registry.presentedBytes(object, as: kind))
        }
        bytes.append(contentsOf: "]}".utf8)
        return APIAnswer(body: .bytes(bytes))
    }

    private func watch(_ kind: KindDefinition, _ resource: APIRequest.Resource) throws -> APIAnswer {
        let start: ObjectStore.WatchStart =
            call.query["resourceVersion"].flatMap { UInt64($0) }.map { $0 == 0 ? .current : .after($0) } ?? .current
        let subscription = try registry.store.watch(
            kind.storage, Selection(namespace: resource.namespace), from: start)
        let registry = registry
        return APIAnswer(
            body: .stream { writer in
                for object in subscription.initial {
                    let bytes = try registry.presentedBytes(object, as: kind)
                    try await writer.write(ByteBuffer(bytes: Array(#"{"type":"ADDED","object":"#.utf8) + bytes + Array("}\n".utf8)))
                }
                for await message in subscription.messages {
                    guard case .event(let event) = message else { continue }
                    let bytes = try registry.presentedBytes(event.object, as: kind)
                    try await writer.write(
                        ByteBuffer(bytes: Array(#"{"type":"\#(event.kind.rawValue)","object":"#.utf8) + bytes + Array("}\n".utf8)))
                }
            })
    }
}
