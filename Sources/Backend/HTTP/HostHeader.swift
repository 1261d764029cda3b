import HTTPTypes
import Hummingbird

/// Whether a request says clearly which host it is for (RFC 9112, section 3.2). One that does not is read differently by a proxy
/// and by us, which is how requests are smuggled past rules for hosts.
enum HostHeader {
    static func isUnambiguous(_ request: Request) -> Bool {
        // The first became the authority; a second one is still among the fields, also one that a target in absolute form named.
        if let name = HTTPField.Name("Host"), request.headers[name] != nil { return false }
        if let authority = request.head.authority, !AllowedHosts.isWellFormed(authority) { return false }
        return true
    }

    /// The host, with what is around it, in `SCHEME://HOST/PATH`; nil when `target` is in no absolute form.
    static func authority(ofAbsolute target: String) -> String? {
        let parts = target.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return String(parts[1].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }
}
