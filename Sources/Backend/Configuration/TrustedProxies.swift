/// Whose `X-Forwarded-For` is believed: addresses that are proxies in front of this service; `TRUSTED_PROXIES`.
struct TrustedProxies: Sendable, Equatable, CustomStringConvertible {
    let description: String
    private let ranges: [IPRange]

    /// Loopback, link-local and the ranges for private use (RFC 1918, 6598, 4193), which is where an ingress has its address.
    static let privateRanges = TrustedProxies(
        description: "private",
        ranges: [
            IPRange(.v4([10, 0, 0, 0]), 8), IPRange(.v4([127, 0, 0, 0]), 8), IPRange(.v4([192, 168, 0, 0]), 16),
            IPRange(.v4([169, 254, 0, 0]), 16), IPRange(.v4([172, 16, 0, 0]), 12), IPRange(.v4([100, 64, 0, 0]), 10),
            IPRange(.v6([0xFC] + zeros(15)), 7), IPRange(.v6([0xFE, 0x80] + zeros(14)), 10),
            IPRange(.v6(zeros(15) + [1]), 128),
        ])

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    private init(description: String, ranges: [IPRange]) {
        self.description = description
        self.ranges = ranges
    }

    /// Reads `none`, or addresses and ranges with commas between, among them `private`.
    init(parsing text: String) throws(InvalidValue) {
        var ranges: [IPRange] = []
        if text != "none" {
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                let item = String(item).trimmed
                if item == "private" {
                    ranges += Self.privateRanges.ranges
                } else if let range = IPRange(item) {
                    ranges.append(range)
                } else {
                    throw InvalidValue(
                        "must be none, or addresses and ranges with commas between, as in private,203.0.113.0/24")
                }
            }
        }
        self.init(description: text, ranges: ranges)
    }

    func contains(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }
}

/// The addresses that begin with the same bits.
private struct IPRange: Sendable, Equatable {
    let network: IPAddress
    let prefixLength: Int

    init(_ network: IPAddress, _ prefixLength: Int) {
        self.network = network
        self.prefixLength = prefixLength
    }

    /// Reads `203.0.113.0/24` (RFC 4632, RFC 4291), or one address. Bits behind the prefix must be zero: they are a mistake.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let network = IPAddress(String(parts[0])) else { return nil }
        let length = parts.count == 2 ? Int(parts[1]) : network.bytes.count * 8
        guard let length, (0...network.bytes.count * 8).contains(length) else { return nil }
        self.init(network, length)
        guard network.bytes.indices.allSatisfy({ network.bytes[$0] & ~mask(ofByte: $0) == 0 }) else { return nil }
    }

    func contains(_ address: IPAddress) -> Bool {
        let (mine, other) = (network.bytes, address.bytes)
        return mine.count == other.count
            && mine.indices.allSatisfy { (mine[$0] ^ other[$0]) & mask(ofByte: $0) == 0 }
    }

    private func mask(ofByte index: Int) -> UInt8 {
        let bits = min(8, max(0, prefixLength - index * 8))
        return bits == 0 ? 0 : 0xFF << (8 - bits)
    }
}
