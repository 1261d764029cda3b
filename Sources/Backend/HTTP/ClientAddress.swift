import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where a request comes from, for limits per address.
///
/// Behind an ingress the connection is the proxy's, and the client's address is the last one in `X-Forwarded-For` that is no
/// proxy's. Proxies are taken to have private addresses and clients public ones, as Rails does; when all are private, the first
/// that a proxy named counts. A client that is itself in the private network can claim another address: the limits per account
/// hold for it all the same.
struct ClientAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 address, or the first 64 bits of an IPv6 address: that much every customer of a provider has to themselves.
    let description: String

    init(_ request: Request, _ context: BackendRequestContext) {
        self.init(
            connection: context.remoteAddress?.ipAddress, forwardedFor: request.headers[values: .xForwardedFor])
    }

    init(connection: String?, forwardedFor: [String]) {
        // A test that calls the router directly has no connection; it counts as a proxy on this machine.
        var chain = [connection.flatMap(IPAddress.init) ?? .v4([127, 0, 0, 1])]
        let named = forwardedFor.joined(separator: ",").split(separator: ",").reversed()
        for text in named {
            guard chain.last?.isPrivate == true, chain.count < 16, let address = IPAddress(text.trimmed) else { break }
            chain.append(address)
        }
        description = (chain.last ?? .v4([127, 0, 0, 1])).network
    }
}

private enum IPAddress {
    case v4([UInt8])
    case v6([UInt8])

    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self = .v4(Array(bytes.prefix(4)))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            self = bytes.starts(with: mapped) ? .v4(Array(bytes.suffix(4))) : .v6(bytes)
        } else {
            return nil
        }
    }

    /// Loopback, link-local and the ranges for private use (RFC 1918, 6598, 4193).
    var isPrivate: Bool {
        switch self {
        case .v4(let bytes):
            switch (bytes[0], bytes[1]) {
            case (10, _), (127, _), (192, 168), (169, 254), (172, 16...31), (100, 64...127): true
            default: false
            }
        case .v6(let bytes):
            bytes[0] & 0xFE == 0xFC || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
                || (bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1)
        }
    }

    var network: String {
        switch self {
        case .v4(let bytes): bytes.map(String.init).joined(separator: ".")
        case .v6(let bytes):
            stride(from: 0, to: 8, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":") + "::/64"
        }
    }
}

extension HTTPField.Name {
    fileprivate static let xForwardedFor: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Forwarded-For") else { preconditionFailure("a header's name is a token") }
        return name
    }()
}
