import Foundation
import Subprocess
import Testing

@testable import Backend

@Suite("The API and its document", .timeLimit(.minutes(10)))
struct SchemaConformanceTests {
    private static let limits = [
        "RATE_LIMIT_REQUESTS_PER_MINUTE", "RATE_LIMIT_TOKENS_PER_MINUTE", "RATE_LIMIT_KEY_REQUESTS_PER_MINUTE",
        "RATE_LIMIT_KEY_TOKENS_PER_MINUTE",
    ]

    @Test(
        "What the document allows is taken, what it forbids is refused, and answers are as it says",
        .enabled(if: MailSink.isAvailable, "run hack/test once"), .timeLimit(.minutes(10)))
    func conformance() async throws {
        // One seed, so that a change of the service is what changes the outcome. Others are for looking further by hand.
        let seed = 1
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let mail = try MailSink("plain")
        var variables = [
            "DATABASE_URL": "sqlite:///\(folder.path)/app.db", "SECRET_KEY": SettingsTests.goodKey,
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "\(try await mail.port())", "SMTP_TLS": "none",
            "SMTP_FROM_EMAIL": "chat@example.com",
        ]
        for name in Self.limits { variables[name] = "0" }
        let password = folder.appendingPathComponent("password").path
        try "analytical engine\n".write(toFile: password, atomically: true, encoding: .utf8)
        let creation = try BackendProcess(
            ["create-admin", "--email", "admin@example.com", "--password-file", password], variables)
        #expect(try await creation.status() == 0, "\(creation.complaints)")

        let backend = try BackendProcess(["serve", "--dev", "--port", "0", "--log-format", "json"], variables)
        let port = try await backend.port()
        #expect(await RawConnection.isReady(port: port))
        let outcome = try await PythonProgram("schema_conformance.py")
            .run("http://127.0.0.1:\(port)", "\(seed)", "admin@example.com")
        #expect(outcome.status == .exited(0), "seed \(seed)\n\(outcome.output)\(outcome.complaints)")
        #expect(!backend.complaints.contains("\"level\":\"error\""), "seed \(seed)\n\(backend.complaints)")
    }
}
