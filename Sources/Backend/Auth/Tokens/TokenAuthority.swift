import FoundationEssentials
import JWTKit

/// Signs and checks the tokens of sessions: JWTs with HMAC-SHA-256.
struct TokenAuthority: Sendable {
    static let issuer = "chatgpt-backend"
    /// No token of ours comes near it; what is longer is not worth parsing.
    private static let maximumLength = 2048

    /// Why a token is not taken.
    enum Refusal: Error {
        /// Forged, of another kind, or no token at all.
        case invalid
        case expired
    }

    /// jwt-kit takes keys in asynchronously; that is done long before the first request.
    private let accessKeys: Task<JWTKeyCollection, Never>
    private let refreshKeys: Task<JWTKeyCollection, Never>
    private let clock: WallClock

    /// - Throws: ``CryptographyError``.
    init(secretKey: Secret, clock: WallClock) throws(CryptographyError) {
        let subkeys = Subkeys(secretKey: secretKey)
        accessKeys = Self.keys(try subkeys.key(for: TokenKind.access.purpose))
        refreshKeys = Self.keys(try subkeys.key(for: TokenKind.refresh.purpose))
        self.clock = clock
    }

    /// A token for a session.
    /// - Parameters:
    ///   - generation: Which of the session's refresh tokens it is; nil for access tokens.
    ///   - issuedAt: Its beginning; nil for now.
    func token(
        _ kind: TokenKind, user: UUID, session: UUID, generation: Int64? = nil, issuedAt: Timestamp? = nil
    ) async throws -> String {
        let issuedAt = (issuedAt ?? clock.now).seconds
        let claims = TokenClaims(
            iss: Self.issuer, aud: kind.audience, sub: user, sid: session, gen: generation, iat: issuedAt,
            exp: issuedAt + kind.lifetime)
        var header = JWTHeader()
        header.typ = kind.type
        return try await keys(for: kind).sign(claims, header: header)
    }

    /// What a token says, once it is proved that it is ours, of that kind, and not expired.
    func claims(of token: String, as kind: TokenKind) async throws(Refusal) -> TokenClaims {
        guard token.utf8.count <= Self.maximumLength, Self.hasHeader(token, of: kind) else { throw .invalid }
        let claims: TokenClaims
        do {
            claims = try await keys(for: kind).verify(token)
        } catch {
            throw .invalid  // Whatever is wrong with it, whoever made it up need not know.
        }
        guard claims.iss == Self.issuer, claims.aud == kind.audience, (claims.gen != nil) == (kind == .refresh) else {
            throw .invalid
        }
        guard clock.now.seconds < claims.exp else { throw .expired }
        return claims
    }

    private func keys(for kind: TokenKind) async -> JWTKeyCollection {
        switch kind {
        case .access: await accessKeys.value
        case .refresh: await refreshKeys.value
        }
    }

    private static func keys(_ key: [UInt8]) -> Task<JWTKeyCollection, Never> {
        Task { await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256) }
    }

    /// Whether the token's header names the one algorithm and the type that we write; jwt-kit itself looks at neither.
    private static func hasHeader(_ token: String, of kind: TokenKind) -> Bool {
        struct Header: Decodable {
            let alg: String
            let typ: String
        }
        let encoded = token.prefix { $0 != "." }
        let padding = String(repeating: "=", count: (4 - encoded.utf8.count % 4) % 4)
        let base64 = String(encoded.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }) + padding
        guard let data = Data(base64Encoded: base64), let header = try? JSONDecoder().decode(Header.self, from: data)
        else { return false }
        return header.alg == "HS256" && header.typ == kind.type
    }
}
