import Foundation
import HTTPTypes
import Observability
import ServiceLifecycle
import Testing

@testable import Backend

@Suite("Passwords", .timeLimit(.minutes(10)))
struct PasswordTests {
    private static let cheap = Scrypt.Parameters(logN: 4, r: 8, p: 1)

    @Test("scrypt gives RFC 7914's test vectors")
    func vectors() throws {
        let hash = try Scrypt.derive("password", salt: Array("NaCl".utf8), .init(logN: 10, r: 8, p: 16), count: 64)
        #expect(hash.starts(with: [0xFD, 0xBA, 0xBE, 0x1C, 0x9D, 0x34, 0x72, 0x00, 0x78, 0x56]))
        #expect(Scrypt.Parameters.standard.memory == 32 << 20)
    }

    @Test("A hash survives being text, matches its password only, and foreign text is none")
    func text() throws {
        let hash = try PasswordHash(of: "analytical engine", Self.cheap)
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash)
        #expect(hash.text.wholeMatch(of: /\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+\/]{22}\$[A-Za-z0-9+\/]{43}/) != nil)
        let isRight = try read.matches("analytical engine")
        let isWrong = try read.matches("analytical engin")
        #expect(isRight && !isWrong)
        for text in [
            "", "x", "$scrypt$", "$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            hash.text.replacingOccurrences(of: "ln=4", with: "ln=30"),
            hash.text.replacingOccurrences(of: "ln=4,", with: ""),
            hash.text + "$x",
        ] { #expect(PasswordHash(text) == nil) }
    }

    @Test("Keys for two purposes have nothing in common")
    func subkeys() throws {
        let subkeys = Subkeys(secretKey: Secret("x"))
        let access = try subkeys.key(for: .accessToken)
        #expect(access.count == 32)
        let again = try subkeys.key(for: .accessToken)
        let refresh = try subkeys.key(for: .refreshToken)
        let foreign = try Subkeys(secretKey: Secret("y")).key(for: .accessToken)
        #expect(access == again)
        #expect(access != refresh)
        #expect(access != foreign)
    }

    @Test("A log-in replaces a hash that was made with other parameters", arguments: DatabaseMaker.all)
    func rehash(maker: DatabaseMaker) async throws {
        try await maker.withSharedAddress(rehash)
    }

    private func rehash(address: Secret) async throws {
        let variables = ["DATABASE_URL": address.value]
        try await BackendFixture(variables).api { _ = try await $0.register("ada@example.com") }
        let stronger = Scrypt.Parameters(logN: 5, r: 8, p: 1)
        try await BackendFixture(variables, passwords: stronger).api { api in
            let first = try await api.logIn("ada@example.com")
            let second = try await api.logIn("ada@example.com")
            #expect(first.status == 200)
            #expect(second.status == 200)
        }
        let database = try DatabaseMaker.open(address)
        try await closing(database) {
            let user = try await Store(database: database).user(email: UserEmail(parsing: "ada@example.com"))
            #expect(user.flatMap { PasswordHash($0.passwordHash) }?.parameters == stronger)
        }
    }

    @Test("200 log-ins at once: two hashes at a time, the rest waits or gets 503, and /health answers meanwhile")
    func burst() async throws {
        let fixture = try BackendFixture(passwords: Scrypt.Parameters(logN: 11, r: 8, p: 1))
        let running = fixture.registry.gauge("password_hashes_in_progress")
        try await fixture.api { api in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let body = ["email": "user\(index)@example.com", "password": APIClient.password]
                        let address = "203.0.113.\(index)"
                        let answer = try await api.send(
                            .post, "/api/v1/auth/login", body,
                            headers: [try #require(HTTPField.Name("X-Forwarded-For")): address])
                        if answer.status == 503 { #expect(answer.headers[.retryAfter] != nil) }
                        #expect(running.value <= 2)
                        return answer.status
                    }
                }
                for _ in 0..<5 { #expect(try await api.get("/health").status == 200) }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(Set(statuses).isSubset(of: [401, 503]))
            #expect(statuses.filter { $0 == 401 }.count >= 98)
        }
    }
}
