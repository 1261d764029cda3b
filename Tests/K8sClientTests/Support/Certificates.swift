import Foundation
import K8sClient

/// Certificates made with the `openssl` command, in a folder that the caller removes.
struct Certificates {
    let folder: String

    struct CommandFailed: Error {
        let arguments: [String]
        let output: String
    }

    /// Runs `openssl`, and waits for it.
    @discardableResult
    static func openssl(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailed(arguments: arguments, output: text) }
        return text
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func pem(_ name: String) throws -> PEM { .bytes(Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))) }

    /// Makes `NAME.crt` and `NAME.key` of a certificate authority.
    func authority(_ name: String) throws {
        try Self.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
        ])
    }

    /// Makes `NAME.crt` and `NAME.key`, signed by an authority.
    /// - Parameter days: for how long from now on it is valid; negative for one that has expired.
    func certificate(_ name: String, by authority: String, alternativeName: String = "IP:127.0.0.1", days: Int = 2)
        throws
    {
        try Self.openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
        ])
        try write("subjectAltName=\(alternativeName)\n", to: path("\(name).ext"))
        try Self.openssl([
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).crt"), "-CAkey",
            path("\(authority).key"), "-CAcreateserial", "-days", "\(days)", "-extfile", path("\(name).ext"), "-out",
            path("\(name).crt"),
        ])
    }
}

/// `openssl s_server`, which answers requests with files that hold whole answers.
final class TLSServer: Sendable {
    private let process: Process
    let port: Int

    /// - Parameter clientAuthority: when given, only clients with a certificate of this authority are served.
    init(_ certificates: Certificates, _ name: String, clientAuthority: String? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.currentDirectoryURL = URL(fileURLWithPath: certificates.folder)
        var arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert", "\(name).crt", "-key", "\(name).key",
        ]
        if let clientAuthority {
            arguments += ["-Verify", "1", "-verify_return_error", "-CAfile", "\(clientAuthority).crt"]
        }
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        // It says where it listens: "ACCEPT 127.0.0.1:41234".
        var text = ""
        var found: Int?
        while found == nil {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Certificates.CommandFailed(arguments: arguments, output: text) }
            text += String(decoding: data, as: UTF8.self)
            if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("ACCEPT ") }), text.hasSuffix("\n") {
                found = line.split(separator: ":").last.flatMap { Int($0) }
            }
        }
        port = found ?? 0
        // What it goes on to say must not fill the pipe.
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    deinit {
        // Threads of the concurrency pool block signals, and a process that is started there inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
