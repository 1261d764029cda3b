/// Who may make an account; `REGISTRATION`.
enum RegistrationPolicy: String, Sendable, CaseIterable {
    /// Everybody.
    case open
    /// Nobody, but for `chatgpt-backend create-admin`.
    case closed

    init(parsing text: String) throws(InvalidValue) {
        guard let policy = RegistrationPolicy(rawValue: text.lowercased()) else {
            throw InvalidValue("must be open or closed")
        }
        self = policy
    }
}
