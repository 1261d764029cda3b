/// The two tokens of a session. Each has its own key, `typ` and `aud`: any one of them would do to keep one from standing in for
/// the other.
enum TokenKind: Sendable {
    case access, refresh

    /// Seconds that it is good for.
    var lifetime: Int64 {
        switch self {
        case .access: 15 * 60
        case .refresh: 30 * 24 * 3600
        }
    }

    /// RFC 9068's name for access tokens; ours for the other.
    var type: String {
        switch self {
        case .access: "at+jwt"
        case .refresh: "rt+jwt"
        }
    }

    var audience: String {
        switch self {
        case .access: "chatgpt-backend/api"
        case .refresh: "chatgpt-backend/refresh"
        }
    }

    var purpose: Subkeys.Purpose {
        switch self {
        case .access: .accessToken
        case .refresh: .refreshToken
        }
    }
}
