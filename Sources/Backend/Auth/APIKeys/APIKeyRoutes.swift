import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `/api/v1/api-keys`: a user's keys.
struct APIKeyRoutes: RouteGroup {
    let store: Store
    let authenticator: any Authenticator
    let changes: AccountChanges
    let clock: WallClock

    private struct List: Encodable {
        let data: [APIKey]
    }

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group("/api/v1/api-keys")
        routes.get { request, _ in
            let caller = try await member(request)
            return JSONBody.response(List(data: try await store.apiKeys(of: caller.userID)))
        }
        routes.post { request, _ in
            let caller = try await member(request)
            return try await create(request, caller)
        }
        routes.delete(":key") { request, context in
            let caller = try await member(request)
            guard let id = context.parameters.get("key").flatMap(UUID.init(uuidString:)),
                try await store.deleteAPIKey(id, of: caller.userID, at: clock.now)
            else { throw APIError.apiKeyNotFound }
            await changes.announce(caller.userID)
            return Response(status: .noContent)
        }
    }

    private func create(_ request: Request, _ caller: Caller) async throws -> Response {
        let body = try await JSONBody.decode(
            CreateAPIKeyRequest.self, from: request, limit: CreateAPIKeyRequest.bodyLimit)
        let now = clock.now
        guard !body.name.text.allSatisfy(\.isWhitespace) else {
            throw APIError.invalidField("name", "must not be empty")
        }
        if let expiresAt = body.expiresAt, expiresAt <= now {
            throw APIError.invalidField("expires_at", "must be in the future")
        }
        guard try await store.apiKeys(of: caller.userID).count < Store.maximumAPIKeys else {
            throw APIError.tooManyAPIKeys
        }
        let secret = APIKeySecret()
        let key = APIKey(
            id: .version7(now), name: body.name.text, prefix: secret.displayPrefix, createdAt: now, lastUsedAt: nil,
            expiresAt: body.expiresAt)
        try await store.insert(key, secret.digest, for: caller.userID)
        var response = JSONBody.response(NewAPIKey(key: key, secret: secret), status: .created)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private func member(_ request: Request) async throws -> Caller {
        try await authenticator.member(authorization: request.headers[.authorization]).caller
    }
}

extension APIError {
    static let apiKeyNotFound = APIError(
        status: .notFound, kind: .invalidRequest, code: "api_key_not_found", message: "There is no such API key.")

    static let tooManyAPIKeys = APIError(
        status: .conflict, kind: .invalidRequest, code: "too_many_api_keys",
        message: "An account can have \(Store.maximumAPIKeys) API keys; delete one first.")
}
