/// The endpoints whose requests are passed on.
enum ProxyEndpoint: String, CaseIterable, Sendable {
    case chatCompletions = "/chat/completions"
    case responses = "/responses"
    case embeddings = "/embeddings"

    /// What comes after the base address, there and here.
    var path: String { rawValue }

    /// The path in this service, as the ledger has it.
    var servicePath: String { "/v1" + rawValue }

    /// The member that holds what the model is asked.
    var inputName: StaticString {
        switch self {
        case .chatCompletions: "messages"
        case .responses, .embeddings: "input"
        }
    }
}
