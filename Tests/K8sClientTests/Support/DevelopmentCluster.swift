import Foundation
@testable import K8sClient
import NIOSSL
import Subprocess
import SystemPackage
import Testing

/// The embedded cluster as a process of its own: a server that answers as Kubernetes does.
struct DevelopmentCluster: Sendable {
    let configuration: ClientConfiguration

    /// Runs one beside `body`, and ends it.
    /// - Parameter servesWatchList: whether a watch may ask for the first list as events.
    static func running<R: Sendable>(
        servesWatchList: Bool = false, _ body: @Sendable (DevelopmentCluster) async throws -> R
    ) async throws -> R {
        try await withTemporaryFolder { folder in
            let log = folder + "/devcluster.log"
            let file = try FileDescriptor.open(
                FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            defer { try? file.close() }  // nothing is written through this copy
            var options = PlatformOptions()
            options.createSession = true
            options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))]
            let outcome = try await Subprocess.run(
                .path(try builtProgram("devcluster")),
                arguments: Arguments(
                    ["run", "--dir", folder + "/cluster", "--port", "0"] + (servesWatchList ? ["--watch-list"] : [])),
                platformOptions: options, input: .none,
                output: .fileDescriptor(file, closeAfterSpawningProcess: false),
                error: .fileDescriptor(file, closeAfterSpawningProcess: false)
            ) { execution in
                do {
                    try await eventually("the embedded cluster is ready; see \(log)", within: .seconds(60)) {
                        try String(contentsOfFile: log, encoding: .utf8).contains("ready https://")
                    }
                    let result = try await body(
                        DevelopmentCluster(
                            configuration: try .load(kubeconfigPath: folder + "/cluster/admin.kubeconfig")))
                    await execution.teardown(using: options.teardownSequence)
                    return result
                } catch {
                    await execution.teardown(using: options.teardownSequence)
                    throw error
                }
            }
            return outcome.closureResult
        }
    }

    /// The way to it for a proxy, which speaks as the administrator.
    func upstream() throws -> FaultProxy.Upstream {
        let address = try ServerAddress(configuration.server)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .noHostnameVerification
        if let authority = try configuration.tls.certificateAuthority?.read() {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
        }
        if let certificate = try configuration.tls.clientCertificate?.read(),
            let key = try configuration.tls.clientKey?.read()
        {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        }
        return FaultProxy.Upstream(
            port: address.port, tls: try NIOSSLContext(configuration: tls), dropsAuthorization: true)
    }
}

extension Certificates {
    /// A server's side of TLS with `NAME.crt` and `NAME.key`.
    /// - Parameter clientAuthority: when given, only clients with a certificate of this authority are served.
    func serverContext(_ name: String, clientAuthority: String? = nil) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(path("\(name).crt")).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem)))
        if let clientAuthority {
            tls.certificateVerification = .noHostnameVerification
            tls.trustRoots = .file(path("\(clientAuthority).crt"))
        }
        return try NIOSSLContext(configuration: tls)
    }
}
