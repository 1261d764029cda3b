import NIOCore
import NIOSSL
import Synchronization

/// Who the clients of open connections are by their certificates, each read once: the TLS layer asks for a certificate
/// only in the handshake, and reading one takes longer than most requests.
final class ClientCertificates: Sendable {
    /// A connection without a certificate has an entry as well, without a user.
    private let users = Mutex<[ObjectIdentifier: User?]>([:])

    /// The subject of the client's certificate, which the TLS layer has checked against the cluster's authority.
    /// - Parameter channel: the request's channel: of the connection, or of a stream of it.
    func user(of channel: any Channel) async throws -> User? {
        // An HTTP/2 request has a channel of its own above the connection's.
        let connection = channel.parent?.parent == nil ? channel : channel.parent ?? channel
        let key = ObjectIdentifier(connection)
        if let known = users.withLock({ $0[key] }) { return known }
        let user = try Self.subject(try await connection.nioSSL_peerCertificate().get())
        users.withLock { $0[key] = .some(user) }
        // Forgotten with the connection, also when that closed meanwhile; another one may come to lie where it lay.
        connection.closeFuture.whenComplete { _ in self.users.withLock { $0[key] = nil } }
        return user
    }

    private static func subject(_ certificate: NIOSSLCertificate?) throws -> User? {
        guard let certificate else { return nil }
        let subject = try Certificate(der: try certificate.toDERBytes())
        guard !subject.commonName.isEmpty else { return nil }
        return User(name: subject.commonName, groups: subject.organizations + ["system:authenticated"])
    }
}
