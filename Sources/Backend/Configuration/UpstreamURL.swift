import FoundationEssentials

/// The base address of an OpenAI-compatible API; the guide's `OPENAI_BASE_URL`.
struct UpstreamURL: Sendable, Equatable, CustomStringConvertible {
    /// The address without a slash at its end.
    let description: String
    let usesTLS: Bool
    /// An IPv6 address without its brackets.
    let host: String
    let port: Int
    /// The `Host` header's value.
    let authority: String
    /// What requests' paths begin with; no slash at its end.
    let path: String

    static let openAI = UpstreamURL(
        description: "https://api.openai.com/v1", usesTLS: true, host: "api.openai.com", port: 443,
        authority: "api.openai.com", path: "/v1")

    private init(description: String, usesTLS: Bool, host: String, port: Int, authority: String, path: String) {
        (self.description, self.usesTLS, self.host) = (description, usesTLS, host)
        (self.port, self.authority, self.path) = (port, authority, path)
    }

    init(parsing text: String) throws(InvalidValue) {
        guard let server = ServerURL(text, schemes: ["https", "http"]), server.hasUsablePort else {
            throw InvalidValue("must be an http:// or https:// address, as in https://api.openai.com/v1")
        }
        let parts = server.components
        guard parts.user == nil, parts.password == nil else {
            throw InvalidValue("must not carry a user or password; the key goes into OPENAI_API_KEY")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw InvalidValue("must not have a query or fragment")
        }
        self.init(
            description: Self.withoutSlash(text), usesTLS: server.scheme == "https", host: server.host,
            port: server.port ?? (server.scheme == "https" ? 443 : 80),
            authority: NetworkName.inURL(server.host) + (server.port.map { ":\($0)" } ?? ""),
            path: Self.withoutSlash(parts.percentEncodedPath))
    }

    private static func withoutSlash(_ text: String) -> String {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
