import COpenSSL

/// What OpenSSL says about its last failure.
struct OpenSSLError: Error, CustomStringConvertible {
    let operation: String
    let reason: String

    init(_ operation: String) {
        self.operation = operation
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(ERR_get_error(), &text, text.count)
        reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var description: String { "\(operation): \(reason)" }
}

/// A private key on the curve P-256. Not shared between threads.
final class PrivateKey {
    fileprivate let handle: OpaquePointer

    private init(handle: OpaquePointer) { self.handle = handle }
    deinit { EVP_PKEY_free(handle) }

    /// A new key.
    static func generate() throws(OpenSSLError) -> PrivateKey {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw OpenSSLError("cannot make a key") }
        defer { EVP_PKEY_CTX_free(context) }
        var handle: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) > 0,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) > 0,
            EVP_PKEY_keygen(context, &handle) > 0, let handle
        else { throw OpenSSLError("cannot make a key") }
        return PrivateKey(handle: handle)
    }

    convenience init(pem: String) throws(OpenSSLError) {
        let memory = try MemoryBIO(pem)
        guard let handle = PEM_read_bio_PrivateKey(memory.handle, nil, nil, nil) else {
            throw OpenSSLError("not a private key")
        }
        self.init(handle: handle)
    }

    func pem() throws(OpenSSLError) -> String {
        let memory = try MemoryBIO()
        guard PEM_write_bio_PrivateKey(memory.handle, handle, nil, nil, 0, nil, nil) > 0 else {
            throw OpenSSLError("cannot write a private key")
        }
        return memory.text
    }
}

/// An X.509 certificate. Not shared between threads.
final class Certificate {
    fileprivate let handle: OpaquePointer

    private init(handle: OpaquePointer) { self.handle = handle }
    deinit { X509_free(handle) }

    /// Whom a certificate is for and what it allows.
    struct Request {
        var commonName: String
        var organizations: [String] = []
        var isAuthority = false
        var extendedKeyUsage: String?
        /// In OpenSSL's notation: `DNS:localhost,IP:127.0.0.1`.
        var alternativeNames: String?
    }

    /// How long certificates are good for.
    private static let validitySeconds = 3650 * 86_400

    /// Issues a certificate over a key, signed by its issuer's or its own.
    static func issue(_ request: Request, for key: PrivateKey, by issuer: (Certificate, PrivateKey)? = nil)
        throws(OpenSSLError) -> Certificate
    {
        guard let handle = X509_new() else { throw OpenSSLError("cannot make a certificate") }
        let certificate = Certificate(handle: handle)
        var serial: UInt64 = .random(in: 1...UInt64(Int64.max))
        X509_set_version(handle, 2)
        if serial == 0 { serial = 1 }
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(handle), serial)
        // Clocks of client and server may differ a little.
        X509_gmtime_adj(X509_getm_notBefore(handle), -300)
        X509_gmtime_adj(X509_getm_notAfter(handle), validitySeconds)
        guard X509_set_pubkey(handle, key.handle) > 0, let name = X509_get_subject_name(handle) else {
            throw OpenSSLError("cannot make a certificate")
        }
        for organization in request.organizations { try add("O", organization, to: name) }
        try add("CN", request.commonName, to: name)
        let issuerHandle = issuer?.0.handle ?? handle
        guard X509_set_issuer_name(handle, X509_get_subject_name(issuerHandle)) > 0 else {
            throw OpenSSLError("cannot make a certificate")
        }
        try certificate.addExtensions(request, issuer: issuerHandle)
        guard X509_sign(handle, issuer?.1.handle ?? key.handle, EVP_sha256()) > 0 else {
            throw OpenSSLError("cannot sign a certificate")
        }
        return certificate
    }

    private static func add(_ field: String, _ value: String, to name: OpaquePointer) throws(OpenSSLError) {
        let bytes = Array(value.utf8)
        guard X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) > 0 else {
            throw OpenSSLError("cannot name a certificate")
        }
    }

    private func addExtensions(_ request: Request, issuer: OpaquePointer) throws(OpenSSLError) {
        try add(NID_basic_constraints, request.isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE", issuer)
        try add(
            NID_key_usage, request.isAuthority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature", issuer)
        try add(NID_subject_key_identifier, "hash", issuer)
        try add(NID_authority_key_identifier, "keyid", issuer)
        if let usage = request.extendedKeyUsage { try add(NID_ext_key_usage, usage, issuer) }
        if let names = request.alternativeNames { try add(NID_subject_alt_name, names, issuer) }
    }

    private func add(_ nid: Int32, _ value: String, _ issuer: OpaquePointer) throws(OpenSSLError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, handle, nil, nil, 0)
        guard let part = X509V3_EXT_conf_nid(nil, &context, nid, value) else {
            throw OpenSSLError("cannot extend a certificate")
        }
        defer { X509_EXTENSION_free(part) }
        guard X509_add_ext(handle, part, -1) > 0 else { throw OpenSSLError("cannot extend a certificate") }
    }

    convenience init(pem: String) throws(OpenSSLError) {
        let memory = try MemoryBIO(pem)
        guard let handle = PEM_read_bio_X509(memory.handle, nil, nil, nil) else {
            throw OpenSSLError("not a certificate")
        }
        self.init(handle: handle)
    }

    convenience init(der: [UInt8]) throws(OpenSSLError) {
        let handle = der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return d2i_X509(nil, &position, buffer.count)
        }
        guard let handle else { throw OpenSSLError("not a certificate") }
        self.init(handle: handle)
    }

    func pem() throws(OpenSSLError) -> String {
        let memory = try MemoryBIO()
        guard PEM_write_bio_X509(memory.handle, handle) > 0 else { throw OpenSSLError("cannot write a certificate") }
        return memory.text
    }

    /// Whether the certificate is within its time for another day, was signed by the issuer and is over the key.
    func isGood(key: PrivateKey, issuer: PrivateKey) -> Bool {
        let isCurrent =
            X509_cmp_current_time(X509_get0_notBefore(handle)) < 0
            && X509_cmp_current_time(X509_get0_notAfter(handle)) > 0
        return isCurrent && X509_check_private_key(handle, key.handle) > 0 && X509_verify(handle, issuer.handle) > 0
    }

    /// The subject's common name.
    var commonName: String { subject(NID_commonName).first ?? "" }

    /// The subject's organizations.
    var organizations: [String] { subject(NID_organizationName) }

    private func subject(_ nid: Int32) -> [String] {
        guard let name = X509_get_subject_name(handle) else { return [] }
        var values: [String] = []
        var index = X509_NAME_get_index_by_NID(name, nid, -1)
        while index >= 0 {
            if let entry = X509_NAME_get_entry(name, index), let data = X509_NAME_ENTRY_get_data(entry) {
                var utf8: UnsafeMutablePointer<UInt8>?
                let length = ASN1_STRING_to_UTF8(&utf8, data)
                if let utf8, length >= 0 {
                    values.append(String(decoding: UnsafeBufferPointer(start: utf8, count: Int(length)), as: UTF8.self))
                    CRYPTO_free(utf8, #file, #line)
                }
            }
            index = X509_NAME_get_index_by_NID(name, nid, index)
        }
        return values
    }
}

/// Text on its way through OpenSSL.
private final class MemoryBIO {
    let handle: OpaquePointer

    init() throws(OpenSSLError) {
        guard let handle = BIO_new(BIO_s_mem()) else { throw OpenSSLError("no memory") }
        self.handle = handle
    }

    convenience init(_ text: String) throws(OpenSSLError) {
        try self.init()
        let bytes = Array(text.utf8)
        guard BIO_write(handle, bytes, Int32(bytes.count)) == bytes.count else { throw OpenSSLError("no memory") }
    }

    deinit { BIO_free(handle) }

    var text: String {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = BIO_read(handle, &buffer, Int32(buffer.count))
            guard count > 0 else { return String(decoding: result, as: UTF8.self) }
            result.append(contentsOf: buffer[..<Int(count)])
        }
    }
}
