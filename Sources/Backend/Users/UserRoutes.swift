import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `/api/v1/users/me`: a user's own account.
struct ProfileRoutes: RouteGroup {
    let accounts: AccountManager
    let authenticator: any Authenticator
    let limits: LogInLimits

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group("/api/v1/users/me")
        routes.get { request, _ in
            // Reading it harms nobody: an API key is enough.
            let caller = try await authenticator.caller(authorization: request.headers[.authorization])
            return JSONBody.response(UserProfile(user: try await accounts.user(caller)))
        }
        routes.patch { request, _ in
            let (caller, _) = try await member(request)
            let body = try await JSONBody.decode(
                UpdateProfileRequest.self, from: request, limit: AccountRequests.bodyLimit)
            if body.currentPassword != nil { try await limits.passwordCheck(of: caller.userID) }
            return JSONBody.response(UserProfile(user: try await accounts.update(caller, body)))
        }
        routes.delete { request, _ in
            let (caller, _) = try await member(request)
            let body = try await JSONBody.decode(
                DeleteAccountRequest.self, from: request, limit: AccountRequests.bodyLimit)
            try await limits.passwordCheck(of: caller.userID)
            try await accounts.delete(caller, password: body.password)
            return Response(status: .noContent)
        }
        routes.post("password") { request, _ in
            let (caller, session) = try await member(request)
            let body = try await JSONBody.decode(
                ChangePasswordRequest.self, from: request, limit: AccountRequests.bodyLimit)
            try await limits.passwordCheck(of: caller.userID)
            try await accounts.changePassword(caller, session: session, body)
            return Response(status: .noContent)
        }
    }

    private func member(_ request: Request) async throws -> (caller: Caller, session: UUID) {
        try await authenticator.member(authorization: request.headers[.authorization])
    }
}

/// `/api/v1/users`: other users, for admins.
struct UserAdministrationRoutes: RouteGroup {
    let accounts: AccountManager
    let authenticator: any Authenticator

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group("/api/v1/users")
        routes.get { request, _ in try await list(request) }
        routes.get(":user") { request, context in
            _ = try await authenticator.admin(authorization: request.headers[.authorization])
            guard let user = try await accounts.store.user(try Self.id(context)) else { throw APIError.userNotFound }
            return JSONBody.response(UserProfile(user: user))
        }
        routes.patch(":user") { request, context in
            _ = try await authenticator.admin(authorization: request.headers[.authorization])
            let id = try Self.id(context)
            let body = try await JSONBody.decode(
                AdministerUserRequest.self, from: request, limit: AccountRequests.bodyLimit)
            return JSONBody.response(UserProfile(user: try await accounts.administer(id, body)))
        }
        routes.delete(":user") { request, context in
            _ = try await authenticator.admin(authorization: request.headers[.authorization])
            try await accounts.delete(try Self.id(context))
            return Response(status: .noContent)
        }
    }

    private func list(_ request: Request) async throws -> Response {
        _ = try await authenticator.admin(authorization: request.headers[.authorization])
        let query = PageQuery(request)
        let limit = try query.limit(default: 20)
        let cursor = try query.cursor(UUID.init(uuidString:))
        // One more than asked for tells whether there is a next page.
        var users = try await accounts.store.users(after: cursor, limit: limit + 1)
        let hasMore = users.count > limit
        users = Array(users.prefix(limit))
        let next = hasMore ? users.last?.id.uuidString.lowercased() : nil
        return JSONBody.response(Page(data: users.map(UserProfile.init), nextCursor: next))
    }

    private static func id(_ context: BackendRequestContext) throws(APIError) -> UUID {
        guard let id = context.parameters.get("user").flatMap(UUID.init(uuidString:)) else { throw .userNotFound }
        return id
    }
}
