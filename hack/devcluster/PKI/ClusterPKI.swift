import FoundationEssentials

/// The cluster's certificates and keys, kept in a directory so that a kubeconfig stays good over restarts.
struct ClusterPKI: Sendable {
    let authority: String
    let serverCertificate: String
    let serverKey: String
    let adminCertificate: String
    let adminKey: String
    /// Signs service account tokens.
    let tokenKey: [UInt8]

    /// Reads what the directory holds and makes what is missing, damaged or expired. Files are for the owner alone.
    init(directory: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let authority = try Self.pair(directory, "ca", issuer: nil) {
            Certificate.Request(commonName: "devcluster-ca", isAuthority: true)
        }
        let server = try Self.pair(directory, "apiserver", issuer: authority) {
            // The Service `kubernetes` has the first address of whichever range the cluster gets when it starts.
            let services = (96..<176).map { "IP:127.\($0).0.1" }.joined(separator: ",")
            return Certificate.Request(
                commonName: "kube-apiserver", extendedKeyUsage: "serverAuth",
                alternativeNames: "IP:127.0.0.1,\(services),DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,"
                    + "DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local")
        }
        let admin = try Self.pair(directory, "admin", issuer: authority) {
            Certificate.Request(
                commonName: "kubernetes-admin", organizations: ["system:masters"], extendedKeyUsage: "clientAuth")
        }
        self.authority = try authority.0.pem()
        serverCertificate = try server.0.pem()
        serverKey = try server.1.pem()
        adminCertificate = try admin.0.pem()
        adminKey = try admin.1.pem()
        tokenKey = try Self.secret(directory + "/service-account.key")
    }

    private static func pair(
        _ directory: String, _ name: String, issuer: (Certificate, PrivateKey)?, _ request: () -> Certificate.Request
    ) throws -> (Certificate, PrivateKey) {
        let certificatePath = "\(directory)/\(name).crt"
        let keyPath = "\(directory)/\(name).key"
        // Whatever does not read as a good pair is made anew: these files are the server's own.
        if let certificateText = try? PrivateFile.read(certificatePath), let keyText = try? PrivateFile.read(keyPath),
            let certificate = try? Certificate(pem: certificateText), let key = try? PrivateKey(pem: keyText),
            certificate.isGood(key: key, issuer: issuer?.1 ?? key)
        {
            return (certificate, key)
        }
        let key = try PrivateKey.generate()
        let certificate = try Certificate.issue(request(), for: key, by: issuer)
        try PrivateFile.write(try key.pem(), to: keyPath)
        try PrivateFile.write(try certificate.pem(), to: certificatePath)
        return (certificate, key)
    }

    private static func secret(_ path: String) throws -> [UInt8] {
        if let text = try? PrivateFile.read(path), let bytes = Base64.decode(text), bytes.count == 32 { return bytes }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try PrivateFile.write(Base64.encode(bytes), to: path)
        return bytes
    }
}
