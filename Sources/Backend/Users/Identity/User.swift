import FoundationEssentials

/// An account.
struct User: Sendable, Equatable {
    let id: UUID
    var email: UserEmail
    var name: String
    var passwordHash: String
    var role: UserRole
    /// An account that is not active keeps everything and can do nothing.
    var isActive: Bool
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var passwordChangedAt: Timestamp
}

extension User {
    /// - Parameter row: With id, email, name, password_hash, role, is_active, created_at, updated_at, password_changed_at.
    init(_ row: SQLRow) throws(DatabaseError) {
        id = try row.get(0)
        email = try row.get(1)
        name = try row.get(2)
        passwordHash = try row.get(3)
        role = try row.get(4)
        isActive = try row.get(5)
        createdAt = try row.get(6)
        updatedAt = try row.get(7)
        passwordChangedAt = try row.get(8)
    }
}
