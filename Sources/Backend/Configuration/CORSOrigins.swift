import FoundationEssentials

/// The web pages that may call this service from a browser; the guide's `CORS_ORIGINS`.
enum CORSOrigins: Sendable, Equatable {
    /// Pages of every origin, without credentials.
    case all
    /// Pages of these origins, with credentials. Empty: none.
    case listed(Set<String>)

    init(parsing text: String) throws(InvalidValue) {
        if text == "*" {
            self = .all
            return
        }
        var origins: Set<String> = []
        for item in text.split(separator: ",") {
            let item = item.trimmed
            if item.isEmpty { continue }
            origins.insert(try Self.origin(item))
        }
        self = .listed(origins)
    }

    /// What `Access-Control-Allow-Origin` says to a page of `origin`; nil when the page may not call.
    func allowed(_ origin: String) -> String? {
        switch self {
        case .all: "*"
        case .listed(let origins): origins.contains(origin.lowercased()) ? origin : nil
        }
    }

    /// An origin as browsers send it: scheme, host and, unless it is the scheme's own, port.
    private static func origin(_ text: String) throws(InvalidValue) -> String {
        let server = ServerURL(text, schemes: ["https", "http"])
        guard let server, server.hasUsablePort, server.components.path.isEmpty, server.components.query == nil,
            server.components.fragment == nil, server.components.user == nil, server.components.password == nil
        else {
            throw InvalidValue(
                "must be * or origins such as https://app.example.com with commas between, no path and no slash at the end"
            )
        }
        let origin = "\(server.scheme)://\(NetworkName.inURL(server.host).lowercased())"
        guard let port = server.port, port != (server.scheme == "https" ? 443 : 80) else { return origin }
        return "\(origin):\(port)"
    }
}

extension CORSOrigins: CustomStringConvertible {
    var description: String {
        switch self {
        case .all: "*"
        case .listed(let origins): origins.sorted().joined(separator: ",")
        }
    }
}

extension StringProtocol {
    /// The text without white space at either end.
    var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
