import COpenSSL

/// Keys of their own for each purpose, all derived from `SECRET_KEY` by HKDF with SHA-256 (RFC 5869), so that what is made for one
/// purpose proves nothing for another.
struct Subkeys: Sendable {
    /// What a key is for. The names are part of the derivation: another name is another key.
    enum Purpose: String, Sendable {
        case accessToken = "chatgpt-backend/access-token/1"
        case refreshToken = "chatgpt-backend/refresh-token/1"
    }

    private let secretKey: Secret

    init(secretKey: Secret) {
        self.secretKey = secretKey
    }

    /// The 32 bytes for a purpose.
    /// - Throws: ``CryptographyError``.
    func key(for purpose: Purpose) throws(CryptographyError) -> [UInt8] {
        let failure = CryptographyError(operation: "derive keys")
        guard let algorithm = EVP_KDF_fetch(nil, "HKDF", nil) else { throw failure }
        defer { EVP_KDF_free(algorithm) }
        guard let context = EVP_KDF_CTX_new(algorithm) else { throw failure }
        defer { EVP_KDF_CTX_free(context) }
        var digest = Array("SHA256".utf8CString)
        var key = Array(secretKey.value.utf8)
        var info = Array(purpose.rawValue.utf8)
        var output = [UInt8](repeating: 0, count: 32)
        let isDerived = digest.withUnsafeMutableBufferPointer { digest in
            key.withUnsafeMutableBytes { key in
                info.withUnsafeMutableBytes { info in
                    let parameters = [
                        OSSL_PARAM_construct_utf8_string(Self.name("digest"), digest.baseAddress, 0),
                        OSSL_PARAM_construct_octet_string(Self.name("key"), key.baseAddress, key.count),
                        OSSL_PARAM_construct_octet_string(Self.name("info"), info.baseAddress, info.count),
                        OSSL_PARAM_construct_end(),
                    ]
                    return EVP_KDF_derive(context, &output, output.count, parameters) == 1
                }
            }
        }
        guard isDerived else { throw failure }
        return output
    }

    /// A parameter's name (`OSSL_KDF_PARAM_…`) where it stays: the list keeps the pointer, and a String's would be gone by then.
    private static func name(_ name: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
