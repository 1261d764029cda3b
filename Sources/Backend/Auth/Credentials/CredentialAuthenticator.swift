import HTTPTypes

/// Tells who sends a request by an API key or an access token.
struct CredentialAuthenticator: Authenticator {
    let tokens: TokenAuthority
    let credentials: CredentialCache

    func caller(authorization: String?) async throws -> Caller {
        guard let authorization else { throw APIError.credentialMissing }
        guard let credential = Self.bearerCredential(in: authorization), !credential.isEmpty else {
            throw APIError.credentialMissing
        }
        return credential.hasPrefix(APIKeySecret.prefix)
            ? try await caller(apiKey: credential) : try await caller(accessToken: credential)
    }

    private func caller(apiKey text: String) async throws -> Caller {
        guard let key = APIKeySecret(parsing: text), let grant = try await credentials.grant(for: .apiKey(key.digest))
        else { throw APIError.invalidAPIKey }
        return grant.caller
    }

    private func caller(accessToken: String) async throws -> Caller {
        let claims: TokenClaims
        do {
            claims = try await tokens.claims(of: accessToken, as: .access)
        } catch TokenAuthority.Refusal.expired {
            throw APIError.accessTokenExpired
        } catch {
            throw APIError.invalidAccessToken
        }
        guard let grant = try await credentials.grant(for: .session(claims.sid)), grant.caller.userID == claims.sub
        else {
            throw APIError.invalidAccessToken
        }
        return grant.caller
    }

    /// What follows `Bearer`, in any case (RFC 9110 §11.1).
    private static func bearerCredential(in field: String) -> String? {
        let scheme = "bearer "
        guard field.utf8.count > scheme.utf8.count,
            zip(field.utf8, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return String(field.dropFirst(scheme.utf8.count).drop { $0 == " " })
    }
}
