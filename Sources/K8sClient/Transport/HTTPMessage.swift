/// A request as the transport sends it.
struct HTTPRequest: Sendable {
    var method: String
    /// Path and query, to be put after the server's address.
    var target: String
    /// Whole lines, as `Accept: application/json`.
    var headers: [String]
    var body: [UInt8]?
    /// How long everything may take, the body included; `nil` for no limit.
    var timeout: Duration?
    /// Whether libcurl may send it again by itself when a connection that it reused turns out to be dead.
    var isReplayable: Bool
    var isUrgent: Bool
    /// The most that a buffered body may hold.
    var maximumBodyBytes: Int
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
