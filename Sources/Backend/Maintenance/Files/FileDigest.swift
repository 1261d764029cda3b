import ArgumentParser
import COpenSSL
import SystemPackage

/// The SHA-256 of a file's contents, read in pieces: a backup may be larger than memory.
enum FileDigest {
    /// Reads from the descriptor's position to the end; blocks.
    /// - Returns: The digest in hexadecimal digits and the number of bytes.
    static func sha256(_ file: FileDescriptor) throws -> (digest: String, bytes: Int64) {
        guard let context = EVP_MD_CTX_new() else {
            throw MaintenanceError(description: "libcrypto has no memory for a digest", status: .inputOutput)
        }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw failure }
        var total: Int64 = 0
        try file.readAll { bytes in
            total += Int64(bytes.count)
            guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw failure }
        }
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw failure }
        return (digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(), total)
    }

    private static var failure: MaintenanceError {
        MaintenanceError(description: "libcrypto cannot compute SHA-256", status: .failure)
    }
}
