import HTTPTypes
import Hummingbird
import HummingbirdHTTP2
import HummingbirdTLS
import K8sClient
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// The Kubernetes API over HTTPS.
struct APIServer: Sendable {
    /// What a request's body may hold, as a real server bounds it (etcd takes 1.5 MB, the API 3 MB).
    static let maximumBodyBytes = 3 * 1024 * 1024

    let registry: Registry
    let authenticator: Authenticator
    let authorizer: Authorizer
    let containerLogs: any ContainerLogs
    let logger: Logger
    /// Whether watches may ask for the present state as events (`sendInitialEvents`).
    var servesWatchList = false
    let certificates = ClientCertificates()

    struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            channel = source.channel
        }
    }

    struct Responder: HTTPResponder {
        let server: APIServer

        func respond(to request: Request, context: Context) async throws -> Response {
            let answer = await server.answer(request, context)
            return answer.response
        }
    }

    /// The server as a service.
    /// - Parameter onReady: is told the port that the system chose.
    func application(
        port: Int, pki: ClusterPKI, onReady: @escaping @Sendable (Int) async -> Void
    ) throws -> some Service {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pki.serverCertificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(pki.serverKey.utf8), format: .pem)))
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pki.authority.utf8)))
        tls.certificateVerification = .optionalVerification
        tls.minimumTLSVersion = .tlsv12
        return Application(
            responder: Responder(server: self),
            server: try .http2Upgrade(tlsConfiguration: tls),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                if let port = channel.localAddress?.port { await onReady(port) }
            },
            logger: logger)
    }

    private func answer(_ request: Request, _ context: Context) async -> APIAnswer {
        do {
            let call = APIRequest(method: request.method.rawValue, uri: request.head.path ?? "/")
            let requester = try authenticator.user(
                certificate: try await certificates.user(of: context.channel),
                authorization: request.headers[.authorization])
            let user = try Impersonation(request.headers)?.user(for: requester, authorizer) ?? requester
            switch call.target {
            case .path:
                try authorizer.authorize(user, AccessAttributes(verb: call.verb, path: call.path))
                return try PathHandler(server: self, call: call, accept: request.headers[.accept]).answer()
            case .resource(let resource):
                try authorizer.authorize(user, ResourceHandler.attributes(call, resource))
                return try await answer(call, resource, user, request)
            }
        } catch let error as StatusError {
            return .failure(error)
        } catch {
            logger.error("a request failed", metadata: ["error": "\(error)"])
            return .failure(.internalError("\(error)"))
        }
    }

    private func answer(_ call: APIRequest, _ resource: APIRequest.Resource, _ user: User, _ request: Request)
        async throws -> APIAnswer
    {
        guard let kind = registry.kinds.kind(apiVersion: resource.apiVersion, resource: resource.resource) else {
            throw StatusError.pathNotFound
        }
        // A watch reads its request's body itself, to learn when the client leaves.
        let bytes = call.method == "GET" ? [] : try await body(of: request)
        let reader = RequestBodyReader(
            contentType: MediaType(request.headers[.contentType] ?? ""), bytes: bytes, schema: schema)
        let handler = ResourceHandler(
            server: self, user: user, call: call, resource: resource, kind: kind, request: request, body: reader)
        return try await durable(handler)
    }

    /// The handler's answer, told only once it is as true on disk as in memory.
    private func durable(_ handler: ResourceHandler) async throws -> APIAnswer {
        let outcome: Result<APIAnswer, any Error>
        do {
            outcome = .success(try await handler.answer())
        } catch {
            outcome = .failure(error)
        }
        // A watch tells only what is on disk; a read is answered even if the disk has become unwritable.
        let failure = handler.call.isWatch ? nil : await registry.store.settled()
        if let failure, handler.call.method != "GET", case .success = outcome { throw failure }
        return try outcome.get()
    }

    /// The schema of a body: of a kind that is served, or of what only requests are made of.
    @Sendable private func schema(apiVersion: String, kind: String) -> Schema? {
        if let definition = registry.kinds.kind(apiVersion: apiVersion, kind: kind) { return definition.schema }
        return ["DeleteOptions", "TokenRequest", "Eviction", "Scale"].contains(kind) ? BuiltInTypes.object(kind) : nil
    }

    private func body(of request: Request) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= Self.maximumBodyBytes else {
                throw StatusError.tooLarge(limit: Self.maximumBodyBytes)
            }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }
}
