import FoundationEssentials
import Hummingbird
import K8sClient
import NIOCore

/// Subresources that only some kinds have.
extension ResourceHandler {
    func answerSubresource(_ subresource: String) async throws -> APIAnswer {
        guard let name = resource.name, kind.group.isEmpty else { throw StatusError.pathNotFound }
        switch (kind.resource, subresource, call.method) {
        case ("namespaces", "finalize", "PUT"): return try replace(name)
        case ("serviceaccounts", "token", "POST"): return try issueToken(name)
        case ("pods", "log", "GET"): return try await log(name)
        case ("pods", "eviction", "POST"): return try evict(name)
        case ("pods", "binding", "POST"): return try bind(name)
        case ("namespaces", "finalize", _), ("serviceaccounts", "token", _), ("pods", "log", _),
            ("pods", "eviction", _), ("pods", "binding", _):
            throw StatusError.methodNotAllowed(call.verb)
        case ("pods", "exec", _), ("pods", "attach", _), ("pods", "portforward", _), ("pods", "ephemeralcontainers", _):
            throw StatusError(
                code: 501, reason: "NotImplemented",
                message: "the development cluster does not offer pods/\(subresource)")
        default: throw StatusError.pathNotFound
        }
    }

    private func issueToken(_ name: String) throws(StatusError) -> APIAnswer {
        let account = try registry.get(kind, namespace: resource.namespace, name: name)
        var request = try body.object()
        let seconds = request["spec", "expirationSeconds"]?.int ?? 3600
        guard seconds >= 600 else {
            throw .invalid(
                GroupKind("authentication.k8s.io", "TokenRequest"), "",
                [
                    .invalid(
                        "spec.expirationSeconds", JSONValue(seconds), "may not specify a duration less than 10 minutes")
                ])
        }
        let audiences = (request["spec", "audiences"]?.array ?? []).compactMap(\.string)
        let expires = Int(Date().timeIntervalSince1970) + seconds
        var claims = TokenIssuer.Claims(
            namespace: resource.namespace ?? "", serviceAccount: name, serviceAccountUID: account.meta.uid,
            audiences: audiences.isEmpty ? [TokenIssuer.issuer] : audiences, expires: expires)
        if request["spec", "boundObjectRef", "kind"]?.string == "Pod" {
            let pod = request["spec", "boundObjectRef", "name"]?.string ?? ""
            let object = try registry.get(GroupResource("", "pods"), namespace: resource.namespace, name: pod)
            claims.podName = pod
            claims.podUID = object.meta.uid
        }
        request["apiVersion"] = "authentication.k8s.io/v1"
        request["kind"] = "TokenRequest"
        request["metadata"] = ["name": .string(name), "namespace": .string(resource.namespace ?? "")]
        request["spec", "expirationSeconds"] = JSONValue(seconds)
        request["spec", "audiences"] = JSONValue(claims.audiences)
        request["status"] = [
            "token": .string(server.authenticator.tokens.issue(claims)),
            "expirationTimestamp": .string(Timestamp.format(seconds: expires)),
        ]
        return .json(request, status: 201)
    }

    private func bind(_ name: String) throws(StatusError) -> APIAnswer {
        let node = try body.object()["target", "name"]?.string ?? ""
        guard !node.isEmpty else {
            throw .invalid(GroupKind("", "Binding"), name, [.required("target.name")])
        }
        try registry.update(
            kind.storage, namespace: resource.namespace, name: name, subresource: nil, manager: user.name
        ) { $0["spec", "nodeName"] = .string(node) }
        return .json(
            ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
    }

    // MARK: Logs

    private func log(_ name: String) async throws -> APIAnswer {
        let pod = try registry.get(kind, namespace: resource.namespace, name: name)
        let container = try container(of: pod)
        func flag(_ name: String) -> Bool { ["1", "true"].contains(call.query[name]) }
        func number(_ name: String) -> Int? { call.query[name].flatMap { Int($0) } }
        var options = LogOptions()
        options.follow = flag("follow")
        options.previous = flag("previous")
        options.timestamps = flag("timestamps")
        options.tailLines = number("tailLines")
        options.limitBytes = number("limitBytes")
        options.sinceSeconds = number("sinceSeconds")
        if let since = call.query["sinceTime"].flatMap({ Timestamp.seconds($0) }) {
            options.sinceSeconds = max(0, Int(Date().timeIntervalSince1970 - since))
        }
        for (field, value) in [("tailLines", options.tailLines), ("limitBytes", options.limitBytes)] {
            if let value, value < 0 {
                throw StatusError.invalid(
                    GroupKind("", "PodLogOptions"), "",
                    [.invalid(field, JSONValue(value), "must be greater than or equal to 0")])
            }
        }
        let stream = try await server.containerLogs.log(podUID: pod.meta.uid, container: container, options)
        return APIAnswer(
            body: .stream { writer in
                for await piece in stream { try await writer.write(ByteBuffer(bytes: piece)) }
            }, contentType: "text/plain")
    }

    private func container(of pod: JSONValue) throws(StatusError) -> String {
        let names = ["containers", "initContainers"].flatMap { list in
            (pod["spec", list]?.array ?? []).compactMap { $0["name"]?.string }
        }
        if let asked = call.query["container"], !asked.isEmpty {
            guard names.contains(asked) else {
                throw .badRequest("container \(asked) is not valid for pod \(pod.meta.name)")
            }
            return asked
        }
        let annotation = "kubectl.kubernetes.io/default-container"
        if let preferred = pod.meta.annotations[annotation], names.contains(preferred) { return preferred }
        guard names.count == 1, let only = names.first else {
            throw .badRequest(
                "a container name must be specified for pod \(pod.meta.name), choose one of: "
                    + "[\(names.joined(separator: " "))]")
        }
        return only
    }
}
