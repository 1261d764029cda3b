import FoundationEssentials
import HTTPTypes

/// Who may open a WebSocket, and how one is opened (RFC 6455, section 4).
struct WebSocketAdmission: Sendable {
    static let path = "/ws/chat"
    /// The protocol that is spoken; a client may name it.
    static let protocolName = "chat"
    /// Browsers cannot send `Authorization` with a WebSocket, but can name protocols.
    static let tokenPrefix = "bearer."

    let origins: CORSOrigins
    let allowedHosts: AllowedHosts
    let authenticator: any Authenticator

    /// What a client is let in with.
    struct Ticket: Sendable {
        /// The value of `Sec-WebSocket-Accept`.
        let accept: String
        /// The protocol that is chosen; nil when the client offers none.
        let subprotocol: String?
        /// An `Authorization` header's value that was proved; nil when the client is still to say who it is.
        let authorization: String?
        let requestID: RequestIdentifier
    }

    /// - Throws: ``APIError``: what is wrong with the request, or why its client is not let in.
    func admit(_ head: HTTPRequest) async throws -> Ticket {
        guard allowedHosts.allows(head.authority) else { throw APIError.hostNotAllowed }
        guard Self.isUpgrade(head) else { throw APIError.upgradeRequired }
        guard head.headerFields[.secWebSocketVersion] == "13" else { throw APIError.webSocketVersion }
        guard let key = head.headerFields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16 else {
            throw APIError.webSocketKey
        }
        try checkOrigin(head)
        let offered = (head.headerFields[.secWebSocketProtocol] ?? "").split(separator: ",").map(\.trimmed)
        let token = offered.first { $0.hasPrefix(Self.tokenPrefix) }
        let authorization =
            head.headerFields[.authorization] ?? token.map { "Bearer \($0.dropFirst(Self.tokenPrefix.count))" }
        if authorization != nil { _ = try await authenticator.caller(authorization: authorization) }
        // A browser gives up when none of what it offers is chosen.
        let subprotocol = offered.contains(Self.protocolName) ? Self.protocolName : token
        guard offered.isEmpty || subprotocol != nil else { throw APIError.webSocketProtocol }
        return Ticket(
            accept: WebSocketAccept.value(for: key), subprotocol: subprotocol, authorization: authorization,
            requestID: head.headerFields[.requestID].flatMap(RequestIdentifier.init(parsing:)) ?? RequestIdentifier())
    }

    static func isUpgrade(_ head: HTTPRequest) -> Bool {
        head.method == .get && tokens(head.headerFields[.upgrade]).contains("websocket")
            && tokens(head.headerFields[.connection]).contains("upgrade")
    }

    /// Any page may open a WebSocket to anywhere, with the user's cookies and from the user's network: it is for the server to say no.
    /// Clients that are no browsers send no origin.
    private func checkOrigin(_ head: HTTPRequest) throws {
        guard let origin = head.headerFields[.origin] else { return }
        guard origins.allowed(origin) == nil, !Self.isSameHost(origin, head.authority) else { return }
        throw APIError.originNotAllowed
    }

    /// Whether a page at `origin` came from this very host. A proxy may have ended its TLS, so that the scheme does not count.
    private static func isSameHost(_ origin: String, _ authority: String?) -> Bool {
        guard let authority, let scheme = origin.firstRange(of: "://") else { return false }
        return origin[scheme.upperBound...].lowercased() == authority.lowercased()
    }

    private static func tokens(_ field: String?) -> [String] {
        (field ?? "").split(separator: ",").map { $0.trimmed.lowercased() }
    }
}

extension APIError {
    static let upgradeRequired = APIError(
        status: .upgradeRequired, kind: .invalidRequest, code: "upgrade_required",
        message: "This address speaks WebSocket only.", headers: [.upgrade: "websocket", .connection: "Upgrade"])

    fileprivate static let webSocketVersion = APIError(
        status: .upgradeRequired, kind: .invalidRequest, code: "websocket_version",
        message: "Sec-WebSocket-Version must be 13.", headers: [.secWebSocketVersion: "13"])

    fileprivate static let webSocketKey = APIError(
        status: .badRequest, kind: .invalidRequest, code: "websocket_key",
        message: "Sec-WebSocket-Key must be 16 bytes in base64.")

    fileprivate static let webSocketProtocol = APIError(
        status: .badRequest, kind: .invalidRequest, code: "websocket_protocol",
        message: "Sec-WebSocket-Protocol must offer \(WebSocketAdmission.protocolName).")

    fileprivate static let originNotAllowed = APIError(
        status: .forbidden, kind: .invalidRequest, code: "origin_not_allowed",
        message: "Pages of this origin may not open a WebSocket here.", param: "origin")
}
