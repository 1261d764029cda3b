import Foundation
import K8sClient
import Testing

@Suite("Certificates that are renewed while a client runs")
struct CertificateRotationTests {
    private func copy(_ certificates: Certificates, _ from: String, to path: String) throws {
        try Data(contentsOf: URL(fileURLWithPath: certificates.path(from))).write(
            to: URL(fileURLWithPath: path), options: .atomic)
    }

    @Test("New connections use the client certificate that its files hold by then")
    func clientCertificate() async throws {
        try await withTemporaryFolder { folder in
            let certificates = Certificates(folder: folder)
            try certificates.authority("old")
            try certificates.authority("new")
            try certificates.certificate("server", by: "old")
            try certificates.certificate("admin-old", by: "old")
            try certificates.certificate("admin-new", by: "new")
            for end in ["crt", "key"] { try copy(certificates, "admin-old.\(end)", to: folder + "/client.\(end)") }
            let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
            try await FaultProxy.running(
                to: .init(port: server.port), tls: try certificates.serverContext("server", clientAuthority: "old"),
                plan: { _ in .none }
            ) { proxy in
                let client = KubernetesClient(
                    configuration: .init(
                        server: "https://127.0.0.1:\(proxy.port)",
                        tls: .init(
                            certificateAuthority: .file(certificates.path("old.crt")),
                            clientCertificate: .file(folder + "/client.crt"), clientKey: .file(folder + "/client.key")))
                )
                _ = try await client.get(.configMaps, "a", namespace: "default")
                // From now on the server trusts the new authority's clients only.
                proxy.use(try certificates.serverContext("server", clientAuthority: "new"))
                for end in ["crt", "key"] { try copy(certificates, "admin-new.\(end)", to: folder + "/client.\(end)") }
                _ = try await client.get(.configMaps, "a", namespace: "default")
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test("A server that comes back with another authority's certificate is trusted once the authority's file says so")
    func authority() async throws {
        try await withTemporaryFolder { folder in
            let certificates = Certificates(folder: folder)
            for name in ["old", "new"] {
                try certificates.authority(name)
                try certificates.certificate("server-\(name)", by: name)
            }
            try copy(certificates, "old.crt", to: folder + "/ca.crt")
            try write("t", to: folder + "/token")
            try write("default", to: folder + "/namespace")
            let server = try FaultServer { request in
                request.query["watch"] != nil
                    ? .watch([event("ADDED", configMap("b", version: 6))]) { $0.waitForClose() }
                    : .json(200, configMap("a", version: 1))
            }
            try await FaultProxy.running(
                to: .init(port: server.port), tls: try certificates.serverContext("server-old"),
                plan: { $0.target == "/drop" ? .drop : .none }
            ) { proxy in
                let client = KubernetesClient(
                    configuration: try .inCluster(
                        environment: [
                            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(proxy.port)",
                        ], folder: folder))
                _ = try await client.get(.configMaps, "a", namespace: "default")
                proxy.use(try certificates.serverContext("server-new"))
                // The proxy drops its connection, so that there has to be a new one.
                let untrusted = try await failure { () async throws(KubernetesError) in
                    try await client.raw(KubernetesRequest(.get, "/drop"))
                }
                #expect(untrusted.code == .tls)
                try copy(certificates, "new.crt", to: folder + "/ca.crt")
                var chunks = try await client.stream(KubernetesRequest(.get, "/x?watch=1")).makeAsyncIterator()
                #expect(try await chunks.next() != nil)
                _ = try await client.get(.configMaps, "a", namespace: "default")
                // The file may vanish for a moment while it is renewed.
                try FileManager.default.removeItem(atPath: folder + "/ca.crt")
                _ = try await client.get(.configMaps, "a", namespace: "default")
            }
        }
    }

    @Test("Descriptions and dumps of a configuration hold no key")
    func descriptions() {
        let key = PEM.bytes(Array("-----BEGIN SECRET".utf8))
        let configuration = ClientConfiguration(
            server: "https://h", tls: .init(clientCertificate: key, clientKey: key), proxyURL: "http://u:s3cr3t@p")
        var dumped = "\(configuration) \(String(reflecting: configuration)) \(configuration.tls)"
        dump(configuration, to: &dumped)
        dump(configuration.tls, to: &dumped)
        #expect(!dumped.contains("45, 45, 45") && !dumped.contains("s3cr3t") && !dumped.contains("SECRET"))
        #expect("\(configuration)" == "https://h with none")
    }
}
