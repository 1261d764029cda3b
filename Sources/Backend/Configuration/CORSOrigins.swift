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
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = parts.unbracketedHost, NetworkName.isHost(host), (1...65_535).contains(parts.port ?? 443),
            parts.path.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil, parts.password == nil
        else {
            throw InvalidValue(
                "must be * or origins such as https://app.example.com with commas between, no path and no slash at the end"
            )
        }
        let isDefaultPort = parts.port == nil || parts.port == (scheme == "https" ? 443 : 80)
        let bracketed = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(bracketed.lowercased())" + (isDefaultPort ? "" : ":\(parts.port ?? 0)")
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
