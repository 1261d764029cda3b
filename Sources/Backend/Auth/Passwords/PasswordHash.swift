import FoundationEssentials

/// A password's scrypt hash, as text in the PHC string format: `$scrypt$ln=15,r=8,p=3$SALT$HASH`, base64 without padding.
struct PasswordHash: Sendable, Equatable {
    let parameters: Scrypt.Parameters
    private let salt: [UInt8]
    private let hash: [UInt8]

    private static let saltCount = 16
    private static let hashCount = 32

    /// Hashes a password; takes as long as the parameters say, so it belongs on a thread that may block.
    /// - Throws: ``CryptographyError``.
    init(of password: String, _ parameters: Scrypt.Parameters = .standard) throws(CryptographyError) {
        self.parameters = parameters
        salt = Self.random(Self.saltCount)
        hash = try Scrypt.derive(password, salt: salt, parameters, count: Self.hashCount)
    }

    /// A hash that no password has and that takes as long to compare with as another.
    static func decoy(_ parameters: Scrypt.Parameters) -> PasswordHash {
        PasswordHash(parameters: parameters, salt: random(saltCount), hash: random(hashCount))
    }

    private init(parameters: Scrypt.Parameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Whether the hash is this password's; takes as long as making it did.
    /// - Throws: ``CryptographyError``.
    func matches(_ password: String) throws(CryptographyError) -> Bool {
        Scrypt.areEqual(hash, try Scrypt.derive(password, salt: salt, parameters, count: hash.count))
    }

    /// Reads the text; nil when it is none, or would cost more than this program gives to one hash.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        var values: [Substring: Int] = [:]
        for setting in parts[2].split(separator: ",") {
            let pair = setting.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = Int(pair[1]) else { return nil }
            values[pair[0]] = value
        }
        guard let logN = values["ln"], let r = values["r"], let p = values["p"], values.count == 3,
            let salt = Self.bytes(parts[3]), let hash = Self.bytes(parts[4]), (8...64).contains(salt.count),
            (16...64).contains(hash.count)
        else { return nil }
        parameters = Scrypt.Parameters(logN: logN, r: r, p: p)
        guard parameters.isSane else { return nil }
        self.salt = salt
        self.hash = hash
    }

    var text: String {
        "$scrypt$ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)$\(Self.base64(salt))$\(Self.base64(hash))"
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        String(Data(bytes).base64EncodedString().prefix { $0 != "=" })
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text + padding).map(Array.init)
    }
}
