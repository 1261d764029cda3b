/// What a new password must be like. Length is what counts (NIST SP 800-63B); no rules about characters, which make passwords
/// that are forgotten.
enum PasswordRule {
    static let lengths = 8...128

    /// - Throws: ``APIError``, 422, naming `field`.
    static func check(_ password: Secret, for email: UserEmail, field: String = "password") throws(APIError) {
        do {
            try check(password.value, for: email)
        } catch {
            throw .invalidField(field, error.requirement)
        }
    }

    static func check(_ password: String, for email: UserEmail) throws(InvalidValue) {
        guard lengths.contains(password.utf8.count) else {
            throw InvalidValue("must have \(lengths.lowerBound) to \(lengths.upperBound) bytes")
        }
        let lowercased = password.lowercased()
        guard lowercased != email.description, lowercased != email.description.prefix(while: { $0 != "@" }) else {
            throw InvalidValue("must not be the e-mail address")
        }
        guard Set(password).count > 1 else { throw InvalidValue("must not be one character over and over") }
    }
}
