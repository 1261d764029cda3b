/// What a new password must be like. Length is what counts (NIST SP 800-63B); no rules about characters, which make passwords
/// that are forgotten.
enum PasswordRule {
    /// In characters (Unicode scalars).
    static let minimumLength = 8
    /// In bytes: it bounds what is hashed.
    static let maximumBytes = 128

    /// - Throws: ``APIError``, 422, naming `field`.
    static func check(_ password: Secret, for email: UserEmail, field: String = "password") throws(APIError) {
        do {
            try check(password.value, for: email)
        } catch {
            throw .invalidField(field, error.requirement)
        }
    }

    static func check(_ password: String, for email: UserEmail) throws(InvalidValue) {
        guard password.unicodeScalars.count >= minimumLength, password.utf8.count <= maximumBytes else {
            throw InvalidValue("must have at least \(minimumLength) characters and at most \(maximumBytes) bytes")
        }
        let lowercased = password.lowercased()
        guard lowercased != email.description, lowercased != email.description.prefix(while: { $0 != "@" }) else {
            throw InvalidValue("must not be the e-mail address")
        }
        guard Set(password).count > 1 else { throw InvalidValue("must not be one character over and over") }
    }
}
