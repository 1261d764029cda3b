import HTTPTypes
import Hummingbird
import NIOCore

/// Where a request comes from, for limits per address.
///
/// Behind an ingress the connection is the proxy's, and the client's address is the last one in `X-Forwarded-For` that is no
/// proxy's. Who is a proxy is a setting, ``TrustedProxies``: by default who has a private address, as Rails does; when all are
/// proxies, the first that one named counts. A client that is itself among the trusted can claim another address: the limits per
/// account hold for it all the same.
struct ClientAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 address, or the first 64 bits of an IPv6 address: that much every customer of a provider has to themselves.
    let description: String

    init(_ request: Request, _ context: BackendRequestContext, trusting proxies: TrustedProxies) {
        self.init(
            connection: context.remoteAddress?.ipAddress, forwardedFor: request.headers[values: .xForwardedFor],
            trusting: proxies)
    }

    init(connection: String?, forwardedFor: [String], trusting proxies: TrustedProxies) {
        // A test that calls the router directly has no connection; it counts as a proxy on this machine.
        var chain = [connection.flatMap(IPAddress.init) ?? .v4([127, 0, 0, 1])]
        let named = forwardedFor.joined(separator: ",").split(separator: ",").reversed()
        for text in named {
            guard let last = chain.last, proxies.contains(last), chain.count < 16, let address = IPAddress(text.trimmed)
            else { break }
            chain.append(address)
        }
        description = (chain.last ?? .v4([127, 0, 0, 1])).network
    }
}

extension IPAddress {
    /// What counts as one client.
    fileprivate var network: String {
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
