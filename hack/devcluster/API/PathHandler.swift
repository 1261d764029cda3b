import K8sClient

/// Answers for what is not about objects: discovery, health, the version, the OpenAPI documents.
struct PathHandler: Sendable {
    let server: APIServer
    let call: APIRequest
    let accept: String?

    func answer() throws(StatusError) -> APIAnswer {
        guard call.method == "GET" || call.method == "HEAD" else { throw .methodNotAllowed(call.verb) }
        let segments = call.segments
        switch segments.first {
        case nil:
            return .json([
                "paths": JSONValue(["/api", "/apis", "/healthz", "/livez", "/openapi", "/readyz", "/version"])
            ])
        case "healthz", "livez", "readyz": return .text("ok")
        case "version" where segments.count == 1: return .json(ServerVersion.object)
        case "openapi":
            return try OpenAPI(kinds: server.registry.kinds.all).answer(Array(segments.dropFirst()), accept: accept)
        case "api", "apis":
            let discovery = Discovery(kinds: server.registry.kinds.all)
            return try discovery.answer(segments, accept: MediaType.accepted(accept))
        default: throw .pathNotFound
        }
    }
}

/// The version of Kubernetes whose API this server speaks.
enum ServerVersion {
    static let gitVersion = "v1.36.0-devcluster"

    static let object: JSONValue = [
        "major": "1", "minor": "36", "gitVersion": .string(gitVersion), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "swift", "platform": "linux/amd64",
    ]
}
