/// The body of `POST /api/v1/api-keys`.
struct CreateAPIKeyRequest: Decodable, Sendable {
    /// It needs no more than a few lines.
    static let bodyLimit = 16 * 1024

    let name: UserName
    let expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case name
        case expiresAt = "expires_at"
    }
}
