import FoundationEssentials

/// A log-in: one chain of refresh tokens.
struct Session: Sendable, Equatable {
    let id: UUID
    let userID: UUID
    /// Counts the refresh tokens: only the last one is good.
    var generation: Int64
    let userAgent: String
    let createdAt: Timestamp
    /// When the last refresh token was made.
    var lastUsedAt: Timestamp
    var expiresAt: Timestamp
}
