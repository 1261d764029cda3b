import Foundation
import K8sClient
import Testing

@Suite("Who is trusted")
struct TLSTests {
    /// What the server sends for the object that the tests ask for: `openssl s_server` sends files as they are.
    private static func prepare(_ folder: String) throws {
        let body = configMap("a", version: 1).jsonText
        let path = folder + "/api/v1/namespaces/default/configmaps"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(
            "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
            to: path + "/a")
    }

    private func get(_ port: Int, host: String = "127.0.0.1", _ tls: ClientConfiguration.TLS)
        async throws(KubernetesError)
        -> JSONValue
    {
        let client = KubernetesClient(configuration: .init(server: "https://\(host):\(port)", tls: tls))
        return try await client.get(.configMaps, "a", namespace: "default")
    }

    private func with(
        _ body: (Certificates) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let certificates = Certificates(folder: folder)
            try certificates.authority("ca")
            try Self.prepare(folder)
            try await body(certificates)
        }
    }

    @Test("A server whose certificate the configured authority issued is talked to")
    func trusted() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca")
            let server = try TLSServer(certificates, "server")
            let object = try await get(server.port, .init(certificateAuthority: try certificates.pem("ca.crt")))
            #expect(object.objectKey.name == "a")
        }
    }

    @Test("Another authority's server is refused, unless the configuration says not to look")
    func wrongAuthority() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca")
            try certificates.authority("other")
            let server = try TLSServer(certificates, "server")
            let other = try certificates.pem("other.crt")
            let error = try await failure { () async throws(KubernetesError) in
                try await get(server.port, .init(certificateAuthority: other))
            }
            #expect(error.code == .tls)
            #expect(!error.isRetryable)
            #expect(
                error.message.contains("was not issued by the certificate authority of the configuration"), "\(error)")
            let byDefault = try await failure { () async throws(KubernetesError) in try await get(server.port, .init())
            }
            #expect(byDefault.code == .tls)
            _ = try await get(server.port, .init(insecureSkipVerify: true))
        }
    }

    @Test("An expired certificate is refused and said to be expired")
    func expired() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca", days: -1)
            let server = try TLSServer(certificates, "server")
            let authority = try certificates.pem("ca.crt")
            let error = try await failure { () async throws(KubernetesError) in
                try await get(server.port, .init(certificateAuthority: authority))
            }
            #expect(error.code == .tls)
            #expect(error.message.hasSuffix("is not trusted: it has expired"), "\(error)")
        }
    }

    @Test("A certificate for another name is refused, unless that name is the configured one")
    func wrongName() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca", alternativeName: "DNS:kubernetes.default")
            let server = try TLSServer(certificates, "server")
            let authority = try certificates.pem("ca.crt")
            let error = try await failure { () async throws(KubernetesError) in
                try await get(server.port, .init(certificateAuthority: authority))
            }
            #expect(error.code == .tls)
            #expect(error.message.contains("for another name"), "\(error)")
            let object = try await get(
                server.port, .init(certificateAuthority: authority, serverName: "kubernetes.default"))
            #expect(object.objectKey.name == "a")
        }
    }

    @Test("A server that asks for a client certificate gets the configured one")
    func clientCertificate() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca")
            try certificates.certificate("admin", by: "ca")
            let server = try TLSServer(certificates, "server", clientAuthority: "ca")
            let authority = try certificates.pem("ca.crt")
            let error = try await failure { () async throws(KubernetesError) in
                try await get(server.port, .init(certificateAuthority: authority))
            }
            #expect(error.code == .tls || error.code == .connection)
            let object = try await get(
                server.port,
                .init(
                    certificateAuthority: authority, clientCertificate: try certificates.pem("admin.crt"),
                    clientKey: try certificates.pem("admin.key")))
            #expect(object.objectKey.name == "a")
        }
    }

    @Test("A certificate or key that is none is said to be so")
    func brokenCertificate() async throws {
        try await with { certificates in
            try certificates.certificate("server", by: "ca")
            let server = try TLSServer(certificates, "server")
            let authority = try certificates.pem("ca.crt")
            for tls in [
                ClientConfiguration.TLS(
                    certificateAuthority: authority, clientCertificate: .bytes(Array("no PEM".utf8)),
                    clientKey: .bytes(Array("no".utf8))),
                ClientConfiguration.TLS(certificateAuthority: .bytes(Array("no PEM".utf8))),
            ] {
                let error = try await failure { () async throws(KubernetesError) in try await get(server.port, tls) }
                #expect(error.code == .tls, "\(error)")
            }
        }
    }

    @Test("A server without TLS is refused")
    func plain() async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let error = try await failure { () async throws(KubernetesError) in try await get(server.port, .init()) }
        #expect(error.code == .tls || error.code == .connection)
    }
}
