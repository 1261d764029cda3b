/// What a `SECRET_KEY` must be like where others can reach the service.
enum SecretKeyRule {
    /// 32 characters: 128 bits even when they are hexadecimal digits.
    static let minimumLength = 32
    /// Thirty-two random hexadecimal digits have fewer than eight distinct ones about once in 10^7 keys.
    static let minimumDistinctCharacters = 8

    /// Parts of the values that guides and templates carry in the key's place; each is too long to turn up by chance.
    static let placeholders = [
        "changeme", "change-me", "change_me", "your-secret", "your_secret", "your-super", "your_super", "placeholder",
        "secret-key", "secret_key", "secretkey", "super-secure", "supersecret", "super-secret", "replace-me",
        "replaceme",
        "replace_me", "insecure", "development",
    ]

    /// Throws what is wrong with `key`, without repeating any of it.
    static func check(_ key: String) throws(InvalidValue) {
        if key.isEmpty {
            throw InvalidValue(
                "must be set: \(minimumLength) or more random characters, such as `openssl rand -hex 32` prints")
        }
        let lowercased = key.lowercased()
        if placeholders.contains(where: lowercased.contains) {
            throw InvalidValue(
                "must be a key of your own: it is a placeholder from a guide; `openssl rand -hex 32` prints one")
        }
        if key.count < minimumLength {
            throw InvalidValue("must have \(minimumLength) or more characters: it has \(key.count)")
        }
        if Set(key).count < minimumDistinctCharacters {
            throw InvalidValue(
                "must be random: it repeats fewer than \(minimumDistinctCharacters) different characters")
        }
    }
}
