/// A request as the transport sends it.
struct HTTPRequest: Sendable {
    var method: String
    /// Path and query, to be put after the server's address.
    var target: String
    /// Whole lines, as `Accept: application/json`.
    var headers: [String]
    var body: [UInt8]?
    /// When everything must be done, waiting for a turn and the body included; `nil` for no limit.
    var deadline: ContinuousClock.Instant?
    /// Whether libcurl may send it again by itself when a connection that it reused turns out to be dead.
    var isReplayable: Bool
    /// Which lane of the request budget it waits in, by its place in `TransportConfiguration.laneLimits`.
    var lane: Int
    /// The most that a buffered body may hold.
    var maximumBodyBytes: Int
    /// Whom to trust, and the client certificate.
    var tls: TLSMaterial
    /// Of a stream: within which time the head must come, and the body of an error.
    var headTimeout: Duration?
    /// Of a stream: for how long its body may pause. Time in which nobody reads does not count.
    var idleTimeout: Duration?
}

/// An answer's status and headers; the headers are split only when someone asks.
struct HTTPHead: Sendable {
    let status: Int
    let headerBytes: [UInt8]

    var fields: [HTTPField] {
        headerBytes.split(separator: 0x0A).dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
            return HTTPField(name, Self.trimmed(value))
        }
    }

    /// Whether a header of this name (in lower case) may be among them, found without splitting them.
    func mayHold(_ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        var isLineStart = false
        for index in headerBytes.indices {
            if isLineStart, index + count < headerBytes.count, headerBytes[index] | 0x20 == name.utf8Start[0],
                (1..<count).allSatisfy({ headerBytes[index + $0] | 0x20 == name.utf8Start[$0] })
            {
                return true
            }
            isLineStart = headerBytes[index] == 0x0A
        }
        return false
    }

    /// The first value of a header, by its name in lower case.
    func value(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while let last = text.utf8.last, last == 0x20 || last == 0x09 || last == 0x0D { text = text.dropLast() }
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        return String(text)
    }
}

/// An answer; `body` is empty when it is streamed.
struct HTTPResponse: Sendable {
    let head: HTTPHead
    let body: [UInt8]
}
