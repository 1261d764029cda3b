import NIOCore

/// Names and numbers of hosts and ports.
enum NetworkName {
    /// Whether `text` is an IP address or could be a host's name.
    static func isHost(_ text: String) -> Bool {
        isHostName(text) || isIPAddress(text)
    }

    /// Whether `text` is an IPv4 address, or an IPv6 address without brackets.
    static func isIPAddress(_ text: String) -> Bool {
        (try? SocketAddress(ipAddress: text, port: 0)) != nil
    }

    /// Whether `text` is labels of letters, digits, `-` and `_` with dots between them. `_` is no part of a host name by the
    /// letter, but compose projects and Windows networks use it.
    static func isHostName(_ text: String) -> Bool {
        // 253 and 63 are the DNS's own limits.
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                        || $0 == "_"
                }
        }
    }

    /// `host` as it stands before a port: an IPv6 address in brackets.
    static func inURL(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }

    /// Reads a host.
    static func host(parsing text: String) throws(InvalidValue) -> String {
        guard isHost(text) else { throw InvalidValue("must be an IP address or a host name") }
        return text
    }

    /// Reads a port; 0 asks the system for any free one.
    static func port(parsing text: String, allowingAny: Bool) throws(InvalidValue) -> Int {
        let range = allowingAny ? 0...65_535 : 1...65_535
        guard let port = Int(text), range.contains(port) else {
            throw InvalidValue("must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return port
    }
}
