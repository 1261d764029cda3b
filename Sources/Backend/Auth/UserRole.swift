/// What a user may do.
enum UserRole: String, Codable, Sendable, SQLConvertible {
    case user
    /// Also manages other users.
    case admin
}
