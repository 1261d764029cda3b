/// One OpenAI-compatible server among those that share the load.
struct UpstreamServer: Sendable, Equatable, CustomStringConvertible {
    var url: UpstreamURL
    /// Its share of the requests, relative to the others'.
    var weight = 1
    var key: Secret?

    var description: String { weight == 1 ? "\(url)" : "\(url);weight=\(weight)" }

    /// Reads addresses with commas between, each with an optional weight: `https://a/v1;weight=3,https://b/v1`.
    static func list(parsing text: String) throws(InvalidValue) -> [UpstreamServer] {
        var servers: [UpstreamServer] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            servers.append(try UpstreamServer(parsing: String(item).trimmed))
        }
        guard servers.count <= 64 else { throw InvalidValue("must have at most 64 addresses") }
        guard Set(servers.map(\.url.description)).count == servers.count else {
            throw InvalidValue("must not name an address twice; give it a weight")
        }
        return servers
    }

    private init(parsing text: String) throws(InvalidValue) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { String($0).trimmed }
        url = try UpstreamURL(parsing: parts[0])
        guard parts.count > 1 else { return }
        guard parts.count == 2, parts[1].hasPrefix("weight="), let weight = Int(parts[1].dropFirst("weight=".count)),
            (1...1000).contains(weight)
        else { throw InvalidValue("must have nothing but a weight behind an address, as in ;weight=3, from 1 to 1000") }
        self.weight = weight
    }

    init(url: UpstreamURL, weight: Int = 1, key: Secret? = nil) {
        self.url = url
        self.weight = weight
        self.key = key
    }

    /// Reads keys with commas between.
    static func keys(parsing text: String) throws(InvalidValue) -> [Secret] {
        var keys: [Secret] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let key = String(item).trimmed
            // It becomes a header's value.
            guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw InvalidValue("must be printable ASCII without spaces")
            }
            keys.append(Secret(key))
        }
        return keys
    }
}
