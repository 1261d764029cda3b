import HTTPTypes
import Hummingbird

/// Whether a request says clearly which host it is for (RFC 9112, section 3.2). One that does not is read differently by a proxy
/// and by us, which is how requests are smuggled past rules for hosts.
enum HostHeader {
    static func isUnambiguous(_ request: Request) -> Bool {
        // The first became the authority; a second one is still among the fields.
        if let name = HTTPField.Name("Host"), request.headers[name] != nil { return false }
        if let authority = request.head.authority, !AllowedHosts.isWellFormed(authority) { return false }
        guard let target = request.head.path, !target.hasPrefix("/"), target != "*" else { return true }
        // An absolute form names the host again; a proxy may go by either.
        let parts = target.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let named = parts[1].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return named.lowercased() == request.head.authority?.lowercased()
    }
}
