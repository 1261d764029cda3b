import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `/api/v1/auth`: how a session begins, goes on and ends, and how a forgotten password is replaced.
struct AuthRoutes: RouteGroup {
    let sessions: SessionManager
    let accounts: AccountManager
    let resets: PasswordResets
    let authenticator: any Authenticator
    let limits: LogInLimits
    let proxies: TrustedProxies

    func add(to router: Router<BackendRequestContext>) {
        let routes = router.group("/api/v1/auth")
        routes.post("register") { try await register($0, $1) }
        routes.post("login") { try await logIn($0, $1) }
        routes.post("refresh") { request, context in
            let body = try await JSONBody.decode(RefreshRequest.self, from: request, limit: AccountRequests.bodyLimit)
            return Self.secretAnswer(try await sessions.refresh(body.refreshToken, logger: context.logger))
        }
        routes.post("logout") { request, _ in
            let (caller, session) = try await authenticator.member(authorization: request.headers[.authorization])
            try await sessions.end(session, of: caller.userID)
            return Response(status: .noContent)
        }
        routes.post("logout-all") { request, _ in
            let (caller, _) = try await authenticator.member(authorization: request.headers[.authorization])
            try await sessions.endAll(of: caller.userID)
            return Response(status: .noContent)
        }
        routes.post("forgot-password") { try await forgotPassword($0, $1) }
        routes.post("reset-password") { try await resetPassword($0, $1) }
    }

    private func register(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        guard accounts.registration == .open else { throw APIError.registrationClosed }
        let body = try await JSONBody.decode(RegisterRequest.self, from: request, limit: AccountRequests.bodyLimit)
        try PasswordRule.check(body.password, for: body.email)
        try await limits.registration(from: ClientAddress(request, context, trusting: proxies))
        let user = try await accounts.register(email: body.email, name: body.name?.text ?? "", password: body.password)
        let answer = try await sessions.begin(user, userAgent: request.headers[.userAgent])
        return Self.secretAnswer(answer, status: .created)
    }

    private func logIn(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(LogInRequest.self, from: request, limit: AccountRequests.bodyLimit)
        let attempt = try await limits.logIn(
            from: ClientAddress(request, context, trusting: proxies), account: body.email)
        let answer = try await sessions.logIn(
            email: body.email, password: body.password, userAgent: request.headers[.userAgent],
            logger: context.logger)
        await attempt.succeed()
        return Self.secretAnswer(answer)
    }

    private func forgotPassword(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(
            ForgotPasswordRequest.self, from: request, limit: AccountRequests.bodyLimit)
        try await limits.forgottenPassword(
            from: ClientAddress(request, context, trusting: proxies), account: body.email)
        // The same answer, as fast, whether there is such an account: the work is done after it.
        try resets.request(for: body.email)
        return Response(status: .accepted)
    }

    private func resetPassword(_ request: Request, _ context: BackendRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(ResetPasswordRequest.self, from: request, limit: AccountRequests.bodyLimit)
        try await limits.passwordReset(from: ClientAddress(request, context, trusting: proxies))
        try await resets.reset(token: body.token, to: body.newPassword)
        return Response(status: .noContent)
    }

    /// Tokens must not lie in any cache on the way (RFC 6749 §5.1).
    private static func secretAnswer(_ tokens: SessionTokens, status: HTTPResponse.Status = .ok) -> Response {
        var response = JSONBody.response(tokens, status: status)
        response.headers[.cacheControl] = "no-store"
        return response
    }
}

extension APIError {
    static let registrationClosed = APIError(
        status: .forbidden, kind: .invalidRequest, code: "registration_closed",
        message: "Nobody can register here; ask an administrator for an account.")
}
