import Foundation
import Testing

@testable import Backend

/// A real mail server, aiosmtpd, whose mails can be looked at. It ends with this object.
final class MailSink: Sendable {
    /// The interpreter that `hack/python-packages` makes. It knows its packages by the path that it is started with, a link.
    static let python =
        (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }.path
        + "/.build/python/tests/bin/python"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: python) }

    let folder: URL
    private let process = Process()
    private let input = Foundation.Pipe()

    /// - Parameter mode: `plain`, `starttls` or `tls`.
    init(_ mode: String, _ options: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("mail-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var arguments = [mode] + options
        if mode != "plain" {
            try Self.makeCertificate(in: folder)
            arguments += ["--certificate", certificate, "--key", folder.appendingPathComponent("key.pem").path]
        }
        // Foundation would follow the link.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("smtp_sink.py")
        process.arguments = [Self.python, script.path] + arguments
        process.standardInput = input
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// For 127.0.0.1, signed by itself.
    var certificate: String { folder.appendingPathComponent("certificate.pem").path }
    private var output: URL { folder.appendingPathComponent("output") }

    private var lines: [[String: Any]] {
        let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    func port() async throws -> Int {
        _ = await eventually { lines.first != nil }
        return try #require(lines.first?["port"] as? Int)
    }

    var refusals: Int { lines.count { $0["refused"] != nil } }
    var mails: [[String: Any]] { lines.filter { $0["text"] != nil } }

    /// The mails, once there are so many.
    func mails(_ count: Int) async throws -> [[String: Any]] {
        _ = await eventually { mails.count >= count }
        try #require(mails.count == count)
        return mails
    }

    private static func makeCertificate(in folder: URL) throws {
        let command = [
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "1", "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out",
            "certificate.pem",
        ]
        try ShortProgram.run(command, in: folder)
    }
}
