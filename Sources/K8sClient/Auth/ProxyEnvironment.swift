#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The proxy that the environment names for a server, by the rules of Kubernetes' own clients.
///
/// `HTTPS_PROXY` (or `HTTP_PROXY` for a server without TLS) names it, in capitals or not. `NO_PROXY` lists what is reached
/// directly: `*`, addresses, networks as `10.0.0.0/8`, names (with all names under them; with a dot in front only those), each
/// of them but networks with a port if wanted. This machine itself is always reached directly.
struct ProxyEnvironment: Sendable {
    private let secure: String?
    private let plain: String?
    private let direct: [Rule]

    init(_ environment: [String: String]) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        secure = value("HTTPS_PROXY")
        plain = value("HTTP_PROXY")
        direct = (value("NO_PROXY") ?? "").split { $0 == "," || $0.isWhitespace }.map { Rule(String($0)) }
    }

    /// The proxy's URL; `nil` to go directly.
    func proxy(for server: ServerAddress) -> String? {
        guard let proxy = server.isSecure ? secure : plain else { return nil }
        let host = server.bareHost.lowercased()
        guard !server.isLoopback, !direct.contains(where: { $0.matches(host, port: server.port) }) else { return nil }
        return proxy.contains("://") ? proxy : "http://" + proxy
    }

    private enum Rule: Sendable {
        case everything
        case network([UInt8], bits: Int)
        case address([UInt8], port: Int?)
        /// A name, and whether it stands for itself beside the names under it.
        case name(String, includesItself: Bool, port: Int?)

        init(_ text: String) {
            if text == "*" {
                self = .everything
                return
            }
            if let slash = text.lastIndex(of: "/"), let bits = Int(text[text.index(after: slash)...]),
                let address = IPAddress.bytes(String(text[..<slash])), (0...address.count * 8).contains(bits)
            {
                self = .network(address, bits: bits)
                return
            }
            var host = text.lowercased()
            var port: Int?
            if IPAddress.bytes(host) == nil, let colon = host.lastIndex(of: ":"),
                let number = Int(host[host.index(after: colon)...])
            {
                port = number
                host = String(host[..<colon])
            }
            if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
            if let address = IPAddress.bytes(host) {
                self = .address(address, port: port)
                return
            }
            if host.hasPrefix("*.") { host.removeFirst() }
            let includesItself = !host.hasPrefix(".")
            if !includesItself { host.removeFirst() }
            self = .name(host, includesItself: includesItself, port: port)
        }

        func matches(_ host: String, port: Int) -> Bool {
            switch self {
            case .everything: return true
            case .network(let network, let bits):
                guard let address = IPAddress.bytes(host), address.count == network.count else { return false }
                return (0..<bits).allSatisfy { bit in
                    let mask: UInt8 = 0x80 >> (bit % 8)
                    return address[bit / 8] & mask == network[bit / 8] & mask
                }
            case .address(let address, let wanted):
                return IPAddress.bytes(host) == address && (wanted ?? port) == port
            case .name(let name, let includesItself, let wanted):
                guard !name.isEmpty, (wanted ?? port) == port else { return false }
                return host.hasSuffix("." + name) || includesItself && host == name
            }
        }
    }
}

/// Addresses of the Internet Protocol as bytes, in the order of the network.
enum IPAddress {
    /// Four bytes or sixteen; `nil` when the text is no address.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: six) { Array($0) } }
        return nil
    }
}
