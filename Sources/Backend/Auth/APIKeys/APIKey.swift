import FoundationEssentials

/// An API key as its owner sees it in the list.
struct APIKey: Sendable, Equatable {
    let id: UUID
    let name: String
    let prefix: String
    let createdAt: Timestamp
    let lastUsedAt: Timestamp?
    let expiresAt: Timestamp?
}

extension APIKey: Encodable {
    enum CodingKeys: String, CodingKey {
        case id, name, prefix, key
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
        case expiresAt = "expires_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try encode(to: &container)
    }

    fileprivate func encode(to container: inout KeyedEncodingContainer<CodingKeys>) throws {
        try container.encode(id.uuidString.lowercased(), forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(prefix, forKey: .prefix)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUsedAt, forKey: .lastUsedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
    }
}

/// A key at the one moment when all of it is shown.
struct NewAPIKey: Encodable {
    let key: APIKey
    let secret: APIKeySecret

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: APIKey.CodingKeys.self)
        try key.encode(to: &container)
        try container.encode(secret.text, forKey: .key)
    }
}
