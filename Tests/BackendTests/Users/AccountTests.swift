import Foundation
import HTTPTypes
import Testing

@testable import Backend

@Suite("Accounts", .timeLimit(.minutes(10)))
struct AccountTests {
    private static let register = "/api/v1/auth/register"
    private static let me = "/api/v1/users/me"

    @Test(
        "Registering makes an account; a taken address, a weak password and wrong bodies do not",
        arguments: DatabaseMaker.all)
    func registration(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let answer = try await api.post(
                Self.register,
                ["email": " Ada".trimmed + "@Example.com", "password": APIClient.password, "name": "Ada"])
            #expect(answer.status == 201)
            let user = try #require(answer.object["user"] as? [String: Any])
            #expect(user["email"] as? String == "ada@example.com")
            #expect(user["role"] as? String == "user")
            #expect(!answer.text.contains("password"))
            let taken = try await api.post(Self.register, ["email": "ADA@example.com", "password": APIClient.password])
            #expect(taken.status == 409)
            #expect(taken.code == "email_taken")
            let wrong: [(Any, Int, String?)] = [
                (["email": "ada", "password": APIClient.password], 422, "email"),
                (["email": "a@b@c.de", "password": APIClient.password], 422, "email"),
                (["email": "a@example.com\r\nBcc: x@example.com", "password": APIClient.password], 422, "email"),
                (["email": "a b@example.com", "password": APIClient.password], 422, "email"),
                (
                    ["email": String(repeating: "a", count: 65) + "@example.com", "password": APIClient.password], 422,
                    "email"
                ),
                (["email": "b@example.com", "password": "short"], 422, "password"),
                // 28 bytes, and yet only seven characters.
                (["email": "b@example.com", "password": "🂡🂢🂣🂤🂥🂦🂧"], 422, "password"),
                (["email": "b@example.com", "password": String(repeating: "ab", count: 65)], 422, "password"),
                (["email": "b@example.com", "password": "B@example.com"], 422, "password"),
                (["email": "b@example.com", "password": "aaaaaaaaaaaa"], 422, "password"),
                (["email": "b@example.com"], 422, "password"),
                (["email": 7, "password": APIClient.password], 422, "email"),
                (["email": NSNull(), "password": APIClient.password], 422, "email"),
                (["email": "b@example.com", "password": APIClient.password, "role": "admin"], 422, "role"),
                (["email": "b@example.com", "password": APIClient.password, "name": "a\nb"], 422, "name"),
                ([1], 422, nil), ("\"x\"", 422, nil), ("{", 400, nil), ("", 400, nil), ("nonsense", 400, nil),
                ("{\"email\":\"b@example.com\",\"password\":\"analytical\\u0000engine\"}", 400, nil),
                (String(repeating: "[", count: 100_000), 413, nil), (String(repeating: "[", count: 1000), 400, nil),
            ]
            for (body, status, param) in wrong {
                let answer = try await api.post(Self.register, body)
                #expect(answer.status == status, "\(body) \(answer.text)")
                #expect(answer.param == param, "\(body) \(answer.text)")
                #expect((answer.error["message"] as? String)?.hasSuffix(".") == true)
            }
            #expect(try await api.logIn("b@example.com").status == 401)
            let form = try await api.send(
                .post, Self.register, "email=b", headers: [.contentType: "application/x-www-form-urlencoded"])
            #expect(form.status == 415)
        }
    }

    @Test("Where registration is closed nobody registers", arguments: DatabaseMaker.all)
    func closed(maker: DatabaseMaker) async throws {
        try await BackendFixture(["REGISTRATION": "closed"], on: maker).api { api in
            let answer = try await api.post(Self.register, ["email": "a@example.com", "password": APIClient.password])
            #expect(answer.status == 403)
            #expect(answer.code == "registration_closed")
        }
    }

    @Test("Hostile text is text: it is refused, or kept as it is", arguments: DatabaseMaker.all)
    func injection(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            for text in [
                "'; DROP TABLE users; --", "\" OR 1=1 --", "$1", "%s%n", "<script>", "../../etc/passwd", "{{7*7}}",
            ] {
                let name = try await api.send(.patch, Self.me, ["name": text], as: tokens.access)
                #expect(name.string("name") == text)
                let key = try await api.post("/api/v1/api-keys", ["name": text], as: tokens.access)
                #expect(key.string("name") == text)
                #expect(try await api.logIn("\(text)@example.com").status != 500)
                #expect(try await api.logIn("ada@example.com", text + "padding").status == 401)
                #expect(try await api.post("/api/v1/auth/refresh", ["refresh_token": text]).status == 401)
                let reset = ["token": text, "new_password": "difference engine"]
                #expect(try await api.post("/api/v1/auth/reset-password", reset).status == 400)
            }
            for text in ["a\r\nX-Evil: 1", "a\u{0}b", "a\u{1B}[2J"] {
                #expect(try await api.send(.patch, Self.me, ["name": text], as: tokens.access).status >= 400)
            }
            #expect(try await api.isLetIn(tokens.access))
        }
    }

    @Test(
        "Changing the password takes the old one, ends other sessions and keeps this one", arguments: DatabaseMaker.all)
    func changePassword(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let first = try await api.register("ada@example.com")
            let other = APIClient.Tokens(try await api.logIn("ada@example.com"))
            #expect(try await api.isLetIn(other.access))
            let path = "/api/v1/users/me/password"
            let wrong = try await api.post(
                path, ["current_password": "wrong password", "new_password": "difference engine"], as: first.access)
            #expect(wrong.status == 403)
            #expect(wrong.param == "current_password")
            let right = ["current_password": APIClient.password, "new_password": "difference engine"]
            #expect(try await api.post(path, right, as: first.access).status == 204)
            #expect(try await api.isLetIn(first.access))
            #expect(try await !api.isLetIn(other.access))
            #expect(try await api.logIn("ada@example.com").status == 401)
            #expect(try await api.logIn("ada@example.com", "difference engine").status == 200)
        }
    }

    @Test("The address changes with the password only, and not to another's", arguments: DatabaseMaker.all)
    func changeEmail(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            _ = try await api.register("bob@example.com")
            let without = try await api.send(.patch, Self.me, ["email": "eve@example.com"], as: tokens.access)
            #expect(without.status == 422)
            #expect(without.param == "current_password")
            let body = ["email": "bob@example.com", "current_password": APIClient.password]
            #expect(try await api.send(.patch, Self.me, body, as: tokens.access).code == "email_taken")
            let free = ["email": "Countess@example.com", "current_password": APIClient.password]
            #expect(
                try await api.send(.patch, Self.me, free, as: tokens.access).string("email") == "countess@example.com")
            #expect(try await api.logIn("countess@example.com").status == 200)
        }
    }

    @Test("Deleting an account takes the password, and everything of it goes", arguments: DatabaseMaker.all)
    func deletion(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            let tokens = try await api.register("ada@example.com")
            let key = try await api.makeKey(tokens.access).key
            #expect(try await api.isLetIn(key))
            let wrong = try await api.send(.delete, Self.me, ["password": "wrong password"], as: tokens.access)
            #expect(wrong.status == 403)
            let right = try await api.send(.delete, Self.me, ["password": APIClient.password], as: tokens.access)
            #expect(right.status == 204)
            #expect(try await !api.isLetIn(tokens.access))
            #expect(try await !api.isLetIn(key))
            #expect(try await api.logIn("ada@example.com").status == 401)
            _ = try await api.register("ada@example.com")
        }
    }

    @Test(
        "Admins see and change others, anybody else is refused, and the last active admin stays",
        arguments: DatabaseMaker.all)
    func administration(maker: DatabaseMaker) async throws {
        try await maker.withSharedAddress(administration)
    }

    private func administration(address: Secret) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("admin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = address.value
        let file = folder.appendingPathComponent("password")
        try Data("analytical engine\n".utf8).write(to: file)
        let command = ["create-admin", "--email", "root@example.com", "--password-file", file.path]
        let program = try BackendProcess(command, ["DATABASE_URL": url])
        #expect(try await program.status() == 0, "\(program.complaints)")
        #expect(!program.output.contains("analytical"))
        #expect(try await BackendProcess(command, ["DATABASE_URL": url]).status() == 1)

        try await BackendFixture(["DATABASE_URL": url]).api { api in
            let root = APIClient.Tokens(try await api.logIn("root@example.com"))
            let ada = try await api.register("ada@example.com")
            let bob = try await api.register("bob@example.com")
            let users = "/api/v1/users"
            for (method, path) in [
                (HTTPRequest.Method.get, users), (.get, "\(users)/\(bob.user)"), (.patch, "\(users)/\(bob.user)"),
                (.delete, "\(users)/\(bob.user)"),
            ] {
                let answer = try await api.send(method, path, as: ada.access)
                #expect(answer.status == 403)
                #expect(answer.code == "admin_required")
            }
            // Pages.
            var seen: [String] = []
            var cursor: String?
            repeat {
                let page = try await api.get(
                    "\(users)?limit=1" + (cursor.map { "&cursor=\($0)" } ?? ""), as: root.access)
                seen += (page.object["data"] as? [[String: Any]] ?? []).compactMap { $0["email"] as? String }
                cursor = page.object["next_cursor"] as? String
            } while cursor != nil
            #expect(seen == ["root@example.com", "ada@example.com", "bob@example.com"])
            for query in ["limit=0", "limit=101", "limit=x", "cursor=x"] {
                #expect(try await api.get("\(users)?\(query)", as: root.access).status == 400)
            }
            // The only admin.
            for body in [["role": "user"], ["is_active": false]] as [[String: Any]] {
                let answer = try await api.send(.patch, "\(users)/\(root.user)", body, as: root.access)
                #expect(answer.status == 409)
                #expect(answer.code == "last_admin")
            }
            #expect(try await api.send(.delete, "\(users)/\(root.user)", as: root.access).code == "last_admin")
            #expect(
                try await api.send(.delete, "/api/v1/users/me", ["password": APIClient.password], as: root.access).code
                    == "last_admin")
            // Switched off and on again.
            #expect(try await api.isLetIn(bob.access))
            #expect(
                try await api.send(.patch, "\(users)/\(bob.user)", ["is_active": false], as: root.access).status == 200)
            #expect(try await !api.isLetIn(bob.access))
            #expect(try await api.logIn("bob@example.com").code == "account_inactive")
            #expect(try await api.logIn("bob@example.com", "wrong password").code == "invalid_credentials")
            #expect(
                try await api.send(.patch, "\(users)/\(bob.user)", ["is_active": true], as: root.access).status == 200)
            #expect(try await api.logIn("bob@example.com").status == 200)
            // A second admin; the first can go then.
            let role = try await api.send(.patch, "\(users)/\(ada.user)", ["role": "admin"], as: root.access)
            #expect(role.string("role") == "admin")
            #expect(try await api.get(users, as: ada.access).status == 200)
            #expect(
                try await api.send(.patch, "\(users)/\(ada.user)", ["role": "king"], as: root.access).param == "role")
            #expect(try await api.send(.delete, "\(users)/\(root.user)", as: ada.access).status == 204)
            #expect(try await !api.isLetIn(root.access))
            #expect(try await api.send(.delete, "\(users)/\(UUID())", as: ada.access).status == 404)
            #expect(try await api.get("\(users)/nobody", as: ada.access).status == 404)
        }
    }

    @Test("A forgotten password without mail settings is 503 for everybody", arguments: DatabaseMaker.all)
    func noMail(maker: DatabaseMaker) async throws {
        try await BackendFixture(on: maker).api { api in
            _ = try await api.register("ada@example.com")
            for email in ["ada@example.com", "nobody@example.com"] {
                let answer = try await api.post("/api/v1/auth/forgot-password", ["email": email])
                #expect(answer.status == 503)
                #expect(answer.code == "mail_unavailable")
            }
        }
    }
}
