import FoundationEssentials

/// The ports of the addresses in `OPENAI_BASE_URL`, which may be several with commas between, each with a weight behind a semicolon.
enum UpstreamPorts {
    /// In ascending order, each once.
    static func ports(of addresses: String) -> [Int] {
        let ports = addresses.split(separator: ",").compactMap { address -> Int? in
            let text = address.prefix { $0 != ";" }
            guard let url = URL(string: String(text)), let scheme = url.scheme?.lowercased() else { return nil }
            return url.port ?? (scheme == "http" ? 80 : 443)
        }
        return Set(ports).sorted()
    }
}
