import FoundationEssentials

/// What a credential is looked up by.
enum CredentialID: Sendable, Hashable {
    case session(UUID)
    case apiKey(SHA256Digest)
}

/// A credential that was found: who it stands for, and until when.
struct CredentialGrant: Sendable, Equatable {
    let caller: Caller
    /// Nil for a key that does not expire.
    let expiresAt: Timestamp?
}
