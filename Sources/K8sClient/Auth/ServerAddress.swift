/// Where the API server is, taken apart as far as the transport needs.
struct ServerAddress: Sendable, Hashable {
    /// The address without a slash at its end; paths are put right after it.
    let url: String
    let host: String
    let port: Int
    let isSecure: Bool

    /// - Parameter serverName: a name that takes the host's place in URLs, because the certificate bears it.
    init(_ text: String, serverName: String? = nil) throws(KubernetesError) {
        func refused(_ why: String) -> KubernetesError {
            KubernetesError(
                .configuration, "the server's address \"\(text)\" \(why): it must be like https://host:6443")
        }
        let parts = text.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, parts[0] == "https" || parts[0] == "http" else { throw refused("is no HTTP URL") }
        isSecure = parts[0] == "https"
        let authorityEnd = parts[1].firstIndex(of: "/") ?? parts[1].endIndex
        let authority = parts[1][..<authorityEnd]
        var path = parts[1][authorityEnd...]
        while path.hasSuffix("/") { path = path.dropLast() }
        guard !authority.contains("@") else { throw refused("holds a user name") }
        guard !path.contains("?"), !path.contains("#"), !text.contains(where: \.isWhitespace) else {
            throw refused("holds more than a path")
        }
        let portStart: Substring.Index?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw refused("has a bracket too few") }
            host = String(authority[...close])
            portStart = authority.index(after: close) < authority.endIndex ? authority.index(after: close) : nil
        } else {
            portStart = authority.firstIndex(of: ":")
            host = String(authority[..<(portStart ?? authority.endIndex)])
        }
        guard !host.isEmpty else { throw refused("names no host") }
        if let portStart {
            guard authority[portStart] == ":", let port = Int(authority[authority.index(after: portStart)...]),
                (1...65535).contains(port)
            else { throw refused("has no usable port") }
            self.port = port
        } else {
            port = isSecure ? 443 : 80
        }
        url = "\(parts[0])://\(serverName ?? host):\(port)\(path)"
    }

    /// The host without the brackets of an IPv6 address.
    var bareHost: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

    var isLoopback: Bool {
        host == "localhost" || host.hasPrefix("127.") || host == "[::1]"
    }
}
