import Foundation
import Logging
import Observability
import Testing

@testable import Backend

@Suite(
    "Mail", .enabled(if: MailSink.isAvailable, "hack/python-packages aiosmtpd makes the server"),
    .timeLimit(.minutes(10)))
struct MailTests {
    private static func variables(_ sink: MailSink, _ more: [String: String]) async throws -> [String: String] {
        [
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "\(try await sink.port())",
            "SMTP_FROM_EMAIL": "noreply@example.com",
        ].merging(more) { _, given in given }
    }

    @Test("A forgotten password: a mail with a link that is good once, and the same answer for strangers")
    func reset() async throws {
        let sink = try MailSink("plain")
        let log = try CapturedLog()
        let variables = try await Self.variables(sink, ["PUBLIC_URL": "https://chat.example.com/app/"])
        let time = TestClock()
        let path = "/api/v1/auth/reset-password"
        try await BackendFixture(variables, logger: log.logger, clock: time.clock).api { api in
            let tokens = try await api.register("ada@example.com")
            let key = try await api.makeKey(tokens.access).key
            let forgot = "/api/v1/auth/forgot-password"
            let stranger = try await api.post(forgot, ["email": "nobody@example.com"])
            let known = try await api.post(forgot, ["email": "Ada@example.com"])
            #expect(known.status == 202)
            #expect(stranger.status == 202)
            #expect(stranger.text == known.text)
            let mail = try #require(try await sink.mails(1).first)
            #expect(mail["to"] as? [String] == ["ada@example.com"])
            #expect(mail["from"] as? String == "noreply@example.com")
            #expect((mail["defects"] as? [Any])?.isEmpty == true)
            let text = try #require(mail["text"] as? String)
            let token = String(
                try #require(text.firstMatch(of: /https:\/\/chat\.example\.com\/app\/reset-password#token=(\S+)/)).1)
            let weak = try await api.post(path, ["token": token, "new_password": "short"])
            #expect(weak.status == 422)
            #expect(weak.param == "new_password")
            let body = ["token": token, "new_password": "difference engine"]
            #expect(try await api.post(path, body).status == 204)
            #expect(try await api.post(path, body).status == 400)
            #expect(try await !api.isLetIn(tokens.access))
            #expect(try await api.isLetIn(key))
            #expect(try await api.logIn("ada@example.com").status == 401)
            #expect(try await api.logIn("ada@example.com", "difference engine").status == 200)
            let notice = try #require(try await sink.mails(2).last)
            let headers = notice["headers"] as? [String: String]
            #expect(headers?["Subject"] == "Your password was changed")
            #expect(headers?["Auto-Submitted"] == "auto-generated")
            // One that is too old.
            _ = try await api.post(forgot, ["email": "ada@example.com"])
            let late = try #require(try await sink.mails(3).last?["text"] as? String)
            let old = String(try #require(late.firstMatch(of: /#token=(\S+)/)).1)
            time.advance(by: .seconds(30 * 60 + 1))
            #expect(try await api.post(path, ["token": old, "new_password": "third password"]).status == 400)
            let written = try log.text()
            #expect(!written.contains(token))
            #expect(!written.contains(old))
        }
        let written = try log.text()
        #expect(!written.contains("engine"))
    }

    @Test(
        "STARTTLS with a password: the mail is encrypted and logged in; TLS from the start as well",
        arguments: ["starttls", "tls"])
    func encrypted(mode: String) async throws {
        let sink = try MailSink(mode, ["--user", "mailer", "--password", "hunter2-mail"])
        let variables = try await Self.variables(
            sink,
            [
                "SMTP_TLS": mode, "SMTP_CA_FILE": sink.certificate, "SMTP_USERNAME": "mailer",
                "SMTP_PASSWORD": "hunter2-mail",
            ])
        try await BackendFixture(variables).api { api in
            _ = try await api.register("ada@example.com")
            _ = try await api.post("/api/v1/auth/forgot-password", ["email": "ada@example.com"])
            let mail = try #require(try await sink.mails(1).first)
            #expect(mail["tls"] as? Bool == true)
            #expect(mail["authenticated"] as? Bool == true)
        }
    }

    @Test(
        "A certificate that nobody vouches for, a server without TLS and a wrong password get no mail",
        arguments: [0, 1, 2])
    func refused(which: Int) async throws {
        let sink = try MailSink(which == 1 ? "plain" : "starttls", ["--user", "mailer", "--password", "right"])
        var more = ["SMTP_TLS": "starttls", "SMTP_USERNAME": "mailer", "SMTP_PASSWORD": "hunter2-mail"]
        if which == 2 { more["SMTP_CA_FILE"] = sink.certificate }
        let log = try CapturedLog()
        let fixture = try BackendFixture(try await Self.variables(sink, more), logger: log.logger)
        let failed = fixture.registry.counter("mails_total", labels: [("outcome", "failed")])
        try await fixture.api { api in
            _ = try await api.register("ada@example.com")
            _ = try await api.post("/api/v1/auth/forgot-password", ["email": "ada@example.com"])
            #expect(await eventually { failed.value == 1 })
            #expect(sink.mails.isEmpty)
            let written = try log.text()
            #expect(written.contains("a mail could not be sent"))
            #expect(!written.contains("hunter2"))
        }
    }

    @Test("A server that is busy is asked again")
    func retries() async throws {
        let sink = try MailSink("plain", ["--refuse", "1"])
        try await BackendFixture(try await Self.variables(sink, [:])).api { api in
            _ = try await api.register("ada@example.com")
            _ = try await api.post("/api/v1/auth/forgot-password", ["email": "ada@example.com"])
            #expect(try await sink.mails(1).count == 1)
            #expect(sink.refusals == 1)
        }
    }

    @Test("A header holds what it was given, whatever that is, and nothing else")
    func headers() throws {
        let message = MailMessage(
            to: try UserEmail(parsing: "ada@example.com"), subject: "Grüße\r\nBcc: eve@example.com",
            text: ".\r\n\r\n.\nÄ")
        let text = message.formatted(
            from: try EmailAddress(parsing: "noreply@example.com"), at: Timestamp(microseconds: 0))
        #expect(text.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"))
        #expect(text.contains("Subject: =?UTF-8?B?"))
        #expect(!text.contains("Bcc"))
        #expect(
            text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 && !$0.contains("\n") && !$0.hasPrefix(".") }
        )
        let long = MailMessage.encodedHeader(String(repeating: "Ä", count: 200))
        #expect(long.split(separator: "\r\n ").allSatisfy { $0.utf8.count <= 75 })
    }
}
