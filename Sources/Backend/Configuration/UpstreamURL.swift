import FoundationEssentials

/// The base address of an OpenAI-compatible API; the guide's `OPENAI_BASE_URL`.
struct UpstreamURL: Sendable, Equatable, CustomStringConvertible {
    /// The address without a slash at its end.
    let description: String

    static let openAI = UpstreamURL(unchecked: "https://api.openai.com/v1")

    private init(unchecked text: String) {
        description = text
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
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        description = text
    }
}
