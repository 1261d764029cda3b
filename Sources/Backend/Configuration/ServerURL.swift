import FoundationEssentials

/// The address of a server, taken apart and checked as far as all such addresses go; each kind has its own rules beyond that.
struct ServerURL {
    /// In lower case.
    let scheme: String
    /// An IPv6 address without its brackets.
    let host: String
    let components: URLComponents

    var port: Int? { components.port }
    /// Whether the port, where one is named, can be connected to.
    var hasUsablePort: Bool { port.map { (1...65_535).contains($0) } ?? true }

    /// - Returns: Nil when `text` is no address, or of none of the schemes, or its host can be no host.
    init?(_ text: String, schemes: Set<String>) {
        guard let components = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = components.scheme?.lowercased(), schemes.contains(scheme), let written = components.host
        else { return nil }
        let isBracketed = written.hasPrefix("[") && written.hasSuffix("]")
        let host = isBracketed ? String(written.dropFirst().dropLast()) : written
        guard NetworkName.isHost(host) else { return nil }
        self.scheme = scheme
        self.host = host
        self.components = components
    }
}
