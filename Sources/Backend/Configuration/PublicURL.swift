import FoundationEssentials

/// Where users find the application; `PUBLIC_URL`. Links in mails begin with it.
struct PublicURL: Sendable, Equatable, CustomStringConvertible {
    /// The address without a slash at its end.
    let description: String

    init(parsing text: String) throws(InvalidValue) {
        guard let server = ServerURL(text, schemes: ["https", "http"]), server.hasUsablePort,
            server.components.user == nil, server.components.password == nil, server.components.query == nil,
            server.components.fragment == nil
        else {
            throw InvalidValue("must be an http:// or https:// address without user, query and fragment")
        }
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        description = text
    }
}
