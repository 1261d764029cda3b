import Foundation
import HTTPTypes
import JWTKit
import Testing

@testable import Backend

@Suite("Sessions", .timeLimit(.minutes(10)))
struct SessionTests {
    private static let refresh = "/api/v1/auth/refresh"
    private static let me = "/api/v1/users/me"

    @Test(
        "A log-in gives tokens, whatever the case of the address; a wrong password and a stranger get the same 401",
        arguments: DatabaseMaker.all)
    func logIn(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            _ = try await api.register("Ada@Example.com")
            let answer = try await api.logIn("ADA@example.COM")
            #expect(answer.status == 200)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(answer.string("token_type") == "bearer")
            #expect(answer.object["expires_in"] as? Int == 900)
            #expect(try await api.isLetIn(answer.string("access_token")))
            let wrong = try await api.logIn("ada@example.com", "difference engine")
            let stranger = try await api.logIn("nobody@example.com")
            #expect(wrong.status == 401)
            #expect(wrong.text == stranger.text)
            #expect(wrong.headers[.wwwAuthenticate] != nil)
            let long = try await api.logIn("ada@example.com", String(repeating: "x", count: 10_000))
            #expect(long.text == wrong.text)
        }
    }

    @Test("Each kind of credential works in its own place only", arguments: DatabaseMaker.all)
    func confusion(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            let key = try await api.makeKey(tokens.access).key
            let reset = OneTimeToken(for: .passwordReset).text
            for credential in [tokens.refresh, reset, "", "x", "a.b.c", tokens.access + "x", "sk-cb-short", key + "x"] {
                let answer = try await api.get(Self.me, as: credential)
                #expect(answer.status == 401, "\(credential)")
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
                #expect(["invalid_token", "invalid_api_key", "missing_credential"].contains(answer.code))
            }
            for credential in [tokens.access, key, reset, "", "x", tokens.refresh + "x"] {
                let answer = try await api.post(Self.refresh, ["refresh_token": credential])
                #expect(answer.status == 401, "\(credential)")
                let token = try await api.post(
                    "/api/v1/auth/reset-password", ["token": credential, "new_password": "difference engine"])
                #expect(token.status == 400)
            }
            #expect(try await api.send(.get, Self.me, headers: [.authorization: "Basic \(key)"]).status == 401)
            #expect(try await api.send(.get, Self.me, headers: [.authorization: "bearer \(key)"]).status == 200)
            #expect(try await api.get(Self.me).code == "missing_credential")
            // None of it did any harm.
            #expect(try await api.isLetIn(tokens.access))
        }
    }

    @Test("Forged tokens, alg:none, foreign issuers and audiences are 401", arguments: DatabaseMaker.all)
    func forgeries(maker: DatabaseMaker) async throws {
        let secret = "one two three four five six seven eight"
        try await BackendFixture(["SECRET_KEY": secret], on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            let parts = tokens.access.split(separator: ".").map(String.init)
            func header(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }
            var forgeries = [
                header(#"{"alg":"none","typ":"at+jwt"}"#) + ".\(parts[1]).",
                header(#"{"alg":"none","typ":"at+jwt"}"#) + ".\(parts[1]).\(parts[2])",
                header(#"{"alg":"HS512","typ":"at+jwt"}"#) + ".\(parts[1]).\(parts[2])",
                "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))",
            ]
            let claims = try TokenClaims(of: tokens.access)
            let right = try Subkeys(secretKey: Secret(secret)).key(for: .accessToken)
            let refresh = try Subkeys(secretKey: Secret(secret)).key(for: .refreshToken)
            forgeries += [
                try await Self.sign(claims, key: Array(secret.utf8)), try await Self.sign(claims, key: refresh),
                try await Self.sign(claims, key: right, type: "JWT"),
                try await Self.sign(claims, key: right, type: "rt+jwt"),
            ]
            for change in [
                { $0.iss = "https://evil.example" }, { $0.aud = "chatgpt-backend/refresh" }, { $0.gen = 0 },
                { $0.exp = 0 }, { $0.sid = UUID() }, { $0.sub = UUID() },
            ] as [(inout TokenClaims) -> Void] {
                var changed = claims
                change(&changed)
                forgeries.append(try await Self.sign(changed, key: right))
            }
            for forgery in forgeries {
                let answer = try await api.get(Self.me, as: forgery)
                #expect(answer.status == 401, "\(forgery)")
                #expect(answer.headers[.wwwAuthenticate]?.contains("error=\"invalid_token\"") == true)
            }
            // The same way of signing is right when nothing is forged.
            #expect(try await api.isLetIn(try await Self.sign(claims, key: right)))
        }
    }

    @Test("An access token ends after 15 minutes, a refresh token after 30 days", arguments: DatabaseMaker.all)
    func expiry(maker: DatabaseMaker) async throws {
        let time = TestClock()
        try await BackendFixture(on: maker, clock: time.clock).api { api in
            let tokens = try await api.register("ada@example.com")
            time.advance(by: .seconds(899))
            #expect(try await api.isLetIn(tokens.access))
            time.advance(by: .seconds(2))
            let expired = try await api.get(Self.me, as: tokens.access)
            #expect(expired.status == 401)
            #expect(expired.code == "token_expired")
            let next = try await api.post(Self.refresh, ["refresh_token": tokens.refresh])
            #expect(next.status == 200)
            time.advance(by: .seconds(30 * 24 * 3600 + 1))
            #expect(try await api.post(Self.refresh, ["refresh_token": next.string("refresh_token")]).status == 401)
        }
    }

    @Test(
        "A refresh token that comes again after its time of grace ends the session for all who have it",
        arguments: DatabaseMaker.all)
    func reuse(maker: DatabaseMaker) async throws {
        let time = TestClock()
        try await BackendFixture(on: maker, clock: time.clock).api { api in
            let tokens = try await api.register("ada@example.com")
            let other = APIClient.Tokens(try await api.logIn("ada@example.com"))
            let second = APIClient.Tokens(try await api.post(Self.refresh, ["refresh_token": tokens.refresh]))
            #expect(try await api.isLetIn(second.access))
            time.advance(by: .seconds(11))
            #expect(try await api.post(Self.refresh, ["refresh_token": tokens.refresh]).status == 401)
            // The successor and its access token are gone too; other sessions are not.
            #expect(try await api.post(Self.refresh, ["refresh_token": second.refresh]).status == 401)
            #expect(try await !api.isLetIn(second.access))
            #expect(try await api.isLetIn(other.access))
        }
    }

    @Test(
        "Many refreshes with one token at the same time all succeed, and lead to one successor",
        arguments: DatabaseMaker.all)
    func race(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            let answers = try await withThrowingTaskGroup(of: APIClient.Tokens.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        let answer = try await api.post(Self.refresh, ["refresh_token": tokens.refresh])
                        try #require(answer.status == 200, "\(answer.text)")
                        return APIClient.Tokens(answer)
                    }
                }
                return try await group.reduce(into: [APIClient.Tokens]()) { $0.append($1) }
            }
            let successors = try Set(answers.map { try TokenClaims(of: $0.refresh).gen })
            #expect(successors == [1])
            let last = try await api.post(Self.refresh, ["refresh_token": try #require(answers.last).refresh])
            #expect(last.status == 200)
        }
    }

    @Test("Logging out ends one session, at once; logging out everywhere ends all", arguments: DatabaseMaker.all)
    func logOut(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let first = try await api.register("ada@example.com")
            let second = APIClient.Tokens(try await api.logIn("ada@example.com"))
            let third = APIClient.Tokens(try await api.logIn("ada@example.com"))
            let stranger = try await api.register("bob@example.com")
            #expect(try await api.isLetIn(first.access))
            #expect(try await api.post("/api/v1/auth/logout", as: first.access).status == 204)
            #expect(try await !api.isLetIn(first.access))
            #expect(try await api.post(Self.refresh, ["refresh_token": first.refresh]).status == 401)
            #expect(try await api.isLetIn(second.access))
            #expect(try await api.post("/api/v1/auth/logout-all", as: second.access).status == 204)
            #expect(try await !api.isLetIn(second.access))
            #expect(try await !api.isLetIn(third.access))
            #expect(try await api.isLetIn(stranger.access))
        }
    }

    @Test("Wrong passwords are limited by account, with Retry-After; right ones are not", arguments: DatabaseMaker.all)
    func limits(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            _ = try await api.register("ada@example.com")
            for _ in 0..<30 { #expect(try await api.logIn("ada@example.com").status == 200) }
            for _ in 0..<LogInLimits.account.count {
                #expect(try await api.logIn("ada@example.com", "wrong password").status == 401)
            }
            let refused = try await api.logIn("ada@example.com")
            #expect(refused.status == 429)
            #expect(refused.code == "too_many_attempts")
            #expect(refused.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0)
            _ = try await api.register("bob@example.com")
            #expect(try await api.logIn("bob@example.com").status == 200)
        }
    }

    private static func sign(_ claims: TokenClaims, key: [UInt8], type: String = "at+jwt") async throws -> String {
        var header = JWTHeader()
        header.typ = type
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256)
        return try await keys.sign(claims, header: header)
    }
}

extension TokenClaims {
    /// What a token says, unchecked.
    init(of token: String) throws {
        let parsed = try DefaultJWTParser().parse(Array(token.utf8), as: TokenClaims.self)
        self = parsed.payload
    }
}
