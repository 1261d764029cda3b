import Synchronization

/// The certificates and keys of one moment. Whether they are still the same is told by the reference.
final class TLSMaterial: Sendable {
    let certificateAuthority: [UInt8]?
    let clientCertificate: [UInt8]?
    let clientKey: [UInt8]?

    init(certificateAuthority: [UInt8]?, clientCertificate: [UInt8]?, clientKey: [UInt8]?) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }
}

/// Finds the material for each request: the configuration's, read again when its files change, and a plug-in's certificate.
///
/// Connections that are open stay as they are; a transfer with other material gets a new one, since libcurl reuses no
/// connection that was made with another authority or certificate.
final class TLSMaterialSource: Sendable {
    private struct Cached {
        var stamps: [FileContents.Stamp]
        var plugin: ExecCredential?
        var material: TLSMaterial
    }

    private let tls: ClientConfiguration.TLS
    private let paths: [String]
    private let cached = Mutex<Cached?>(nil)

    init(_ tls: ClientConfiguration.TLS) {
        self.tls = tls
        paths = [tls.certificateAuthority, tls.clientCertificate, tls.clientKey].compactMap { $0?.path }
    }

    /// - Parameter plugin: the credential that the request goes out with, where a plug-in gave it.
    /// - Throws: `KubernetesError` with code `credentials` when a file cannot be read and never could.
    func material(_ plugin: ExecCredential?) throws(KubernetesError) -> TLSMaterial {
        if paths.isEmpty, let known = cached.withLock({ $0 }), known.plugin == plugin { return known.material }
        do throws(FileContents.Failure) {
            var stamps: [FileContents.Stamp] = []
            for path in paths { stamps.append(try FileContents.stamp(path)) }
            if let known = cached.withLock({ $0 }), known.stamps == stamps, known.plugin == plugin {
                return known.material
            }
            // Both come from one place: a plug-in's certificate needs the plug-in's key.
            let certificate = plugin?.clientCertificate == nil ? try tls.clientCertificate?.read() : nil
            let key = plugin?.clientCertificate == nil ? try tls.clientKey?.read() : nil
            let material = TLSMaterial(
                certificateAuthority: try tls.certificateAuthority?.read(),
                clientCertificate: plugin?.clientCertificate ?? certificate, clientKey: plugin?.clientKey ?? key)
            // Stamped before they were read: what is replaced in between is noticed at the next request.
            cached.withLock { $0 = Cached(stamps: stamps, plugin: plugin, material: material) }
            return material
        } catch {
            // A file may be away for a moment while it is renewed.
            if let known = cached.withLock({ $0 }), known.plugin == plugin { return known.material }
            throw KubernetesError(.credentials, "a certificate or key cannot be read: \(error)")
        }
    }
}
