import Testing

@testable import Backend

@Suite("A client's address", .timeLimit(.minutes(10)))
struct ClientAddressTests {
    @Test(
        "is the last one that no proxy has, whatever the client claims",
        arguments: [
            ("203.0.113.7", [], "203.0.113.7"),
            // Claimed by a client that connects itself.
            ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
            ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", ["192.0.2.9, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", ["192.0.2.9", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.1.2.3", ["nonsense"], "10.1.2.3"),
            ("::ffff:10.1.2.3", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
            ("127.0.0.1", ["192.168.1.5"], "192.168.1.5"),
        ])
    func rule(connection: String, forwarded: [String], expected: String) {
        #expect(
            ClientAddress(connection: connection, forwardedFor: forwarded, trusting: .privateRanges).description
                == expected)
    }

    @Test("is told by the proxies that are trusted, and by no others")
    func trusted() throws {
        func address(_ connection: String, _ forwarded: String, _ proxies: String) throws -> String {
            ClientAddress(
                connection: connection, forwardedFor: [forwarded], trusting: try TrustedProxies(parsing: proxies)
            ).description
        }
        #expect(try address("203.0.113.7", "198.51.100.1", "203.0.113.0/24") == "198.51.100.1")
        #expect(try address("203.0.114.7", "198.51.100.1", "203.0.113.0/24") == "203.0.114.7")
        #expect(try address("10.1.2.3", "198.51.100.1", "203.0.113.0/24") == "10.1.2.3")
        #expect(try address("10.1.2.3", "198.51.100.1", "none") == "10.1.2.3")
        #expect(try address("10.1.2.3", "198.51.100.1, 203.0.113.7", "private, 203.0.113.7") == "198.51.100.1")
        #expect(try address("2001:db8::1", "198.51.100.1", "2001:db8::/33") == "198.51.100.1")
        #expect(try address("2001:db8:8000::1", "198.51.100.1", "2001:db8::/33") == "2001:db8:8000:0::/64")
    }

    @Test(
        "does not come from settings that are no ranges",
        arguments: ["10.0.0.0/33", "10.0.0.1/8", "x", "10.0.0.0/", "1.2.3", ","])
    func refused(text: String) {
        #expect(throws: InvalidValue.self) { try TrustedProxies(parsing: text) }
    }
}
