import Logging
import Synchronization

/// What a server remarks on a request that it carried out: a deprecated version, a field that it dropped (a `Warning`
/// header, RFC 7234, section 5.5).
public struct ServerWarning: Sendable, Hashable {
    /// The warning's code; Kubernetes uses 299.
    public var code: Int
    /// Who warns; `-` when nobody in particular.
    public var agent: String
    /// The remark.
    public var text: String
    /// The request, as `POST /api/v1/namespaces/x/pods`.
    public var request: String

    /// Makes a warning, for tests of handlers.
    public init(code: Int = 299, agent: String = "-", text: String, request: String = "") {
        self.code = code
        self.agent = agent
        self.text = text
        self.request = request
    }

    /// The warnings of one header; what is no warning ends the reading, since nobody can tell where the next one begins.
    static func parse(_ header: String, request: String) -> [ServerWarning] {
        var rest = Substring(header)
        var warnings: [ServerWarning] = []
        func skip(_ characters: Set<Character>) { rest = rest.drop { characters.contains($0) } }
        while true {
            skip([" ", "\t", ","])
            let code = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(code.count)
            guard code.count == 3, let code = Int(code), rest.first == " " else { return warnings }
            skip([" "])
            let agent = rest.prefix { $0 != " " }
            rest = rest.dropFirst(agent.count)
            skip([" "])
            guard !agent.isEmpty, let text = quotedString(&rest) else { return warnings }
            skip([" "])
            // A date may follow; when the remark was made says nothing that the answer's own time does not.
            if rest.first == "\"" { guard quotedString(&rest) != nil else { return warnings } }
            warnings.append(ServerWarning(code: code, agent: String(agent), text: text, request: request))
        }
    }

    private static func quotedString(_ rest: inout Substring) -> String? {
        guard rest.first == "\"" else { return nil }
        var text = ""
        var isEscaped = false
        for index in rest.indices.dropFirst() {
            let character = rest[index]
            if isEscaped {
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                rest = rest[rest.index(after: index)...]
                return text
            } else {
                text.append(character)
            }
        }
        return nil
    }
}

/// Logs each warning once.
final class WarningLog: Sendable {
    /// How many different warnings are remembered; a server that makes up more is not listened to any longer.
    private static let capacity = 1000

    private let logger: Logger
    private let seen = Mutex<Set<String>>([])

    init(_ logger: Logger) {
        self.logger = logger
    }

    func note(_ warning: ServerWarning) {
        guard warning.code == 299, !warning.text.isEmpty else { return }
        let isNew = seen.withLock { $0.count < Self.capacity && $0.insert(warning.text).inserted }
        guard isNew else { return }
        logger.warning("the server warns: \(warning.text)", metadata: ["request": "\(warning.request)"])
    }
}
