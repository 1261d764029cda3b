/// The names that this service answers to; the guide's `ALLOWED_HOSTS`.
struct AllowedHosts: Sendable, Equatable {
    /// Lower-case names.
    private let names: Set<String>
    /// Lower-case suffixes, each with its dot in front.
    private let suffixes: Set<String>
    private let allowsAll: Bool

    /// Every name.
    static let all = AllowedHosts(names: [], suffixes: [], allowsAll: true)

    private init(names: Set<String>, suffixes: Set<String>, allowsAll: Bool) {
        self.names = names
        self.suffixes = suffixes
        self.allowsAll = allowsAll
    }

    /// Reads names with commas between them; `*.example.com` stands for its subdomains, `.example.com` for itself and them, and
    /// `*` or nothing for every name.
    init(parsing text: String) throws(InvalidValue) {
        var names: Set<String> = []
        var suffixes: Set<String> = []
        for item in text.split(separator: ",") {
            let item = item.trimmed.lowercased()
            if item.isEmpty { continue }
            if item == "*" {
                self = .all
                return
            }
            if item.hasPrefix("*."), NetworkName.isHostName(String(item.dropFirst(2))) {
                suffixes.insert(String(item.dropFirst()))
            } else if item.hasPrefix("."), NetworkName.isHostName(String(item.dropFirst())) {
                suffixes.insert(item)
                names.insert(String(item.dropFirst()))
            } else if NetworkName.isHost(item) {
                names.insert(item)
            } else {
                throw InvalidValue(
                    "must be host names with commas between, without scheme and port; *.example.com and * are understood"
                )
            }
        }
        self.init(names: names, suffixes: suffixes, allowsAll: names.isEmpty && suffixes.isEmpty)
    }

    /// Whether a request with this `Host` is answered.
    /// - Parameter authority: The header's value, which may carry a port.
    func allows(_ authority: String?) -> Bool {
        if allowsAll { return true }
        guard let authority, let host = Self.host(of: authority)?.lowercased() else { return false }
        if names.contains(host) { return true }
        guard let dot = host.firstIndex(of: ".") else { return false }
        // Each of the name's own suffixes is looked up, so that the time does not grow with the list.
        var rest = host[dot...]
        while true {
            if suffixes.contains(String(rest)) { return true }
            guard let next = rest.dropFirst().firstIndex(of: ".") else { return false }
            rest = rest[next...]
        }
    }

    /// Whether a `Host` is a host with or without a port, and nothing else: no user, no path.
    static func isWellFormed(_ authority: String) -> Bool {
        guard let host = host(of: authority) else { return false }
        return NetworkName.isHost(host)
    }

    /// The host in `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; nil when it is none of them.
    private static func host(of authority: String) -> String? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || isPort(rest) else { return nil }
            return String(authority[authority.index(after: authority.startIndex)..<end])
        }
        guard let colon = authority.firstIndex(of: ":") else { return authority.isEmpty ? nil : authority }
        guard isPort(authority[colon...]) else { return nil }
        return String(authority[..<colon])
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.utf8.count <= 6 && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension AllowedHosts: CustomStringConvertible {
    var description: String {
        if allowsAll { return "*" }
        let wildcards = suffixes.map { names.contains(String($0.dropFirst())) ? $0 : "*\($0)" }
        let exact = names.filter { !suffixes.contains("." + $0) }
        return (exact + wildcards).sorted().joined(separator: ",")
    }
}
