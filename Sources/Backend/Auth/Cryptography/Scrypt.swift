import COpenSSL

/// scrypt (RFC 7914) from libcrypto. One call takes `memory` bytes and tens of milliseconds of a whole core.
enum Scrypt {
    /// What one hash costs.
    struct Parameters: Sendable, Hashable {
        /// The binary logarithm of N, the cost in memory and time.
        var logN: Int
        /// The block size.
        var r: Int
        /// How many times the work is done, one after the other: cost in time alone.
        var p: Int

        /// The bytes that a hash needs while it is made, all but a little.
        var memory: Int { 128 * r << logN }

        /// One of the settings of OWASP's password storage page, the one that needs the least memory but one: 32 MiB.
        static let standard = Parameters(logN: 15, r: 8, p: 3)

        /// The most memory that a hash from the database may ask for.
        static let memoryLimit = 64 << 20

        var isSane: Bool {
            (1...20).contains(logN) && (1...32).contains(r) && (1...16).contains(p) && memory <= Self.memoryLimit
        }
    }

    /// - Throws: ``CryptographyError`` when there is not enough memory.
    static func derive(
        _ password: String, salt: [UInt8], _ parameters: Parameters, count: Int
    ) throws(CryptographyError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        var password = password
        let isDerived = password.withUTF8 { password in
            password.withMemoryRebound(to: CChar.self) { password in
                EVP_PBE_scrypt(
                    password.baseAddress, password.count, salt, salt.count, 1 << UInt64(parameters.logN),
                    UInt64(parameters.r), UInt64(parameters.p), UInt64(2 * Parameters.memoryLimit), &output, count)
            }
        }
        guard isDerived == 1 else { throw CryptographyError(operation: "hash a password") }
        return output
    }

    /// Compares in a time that does not depend on where the difference is.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
