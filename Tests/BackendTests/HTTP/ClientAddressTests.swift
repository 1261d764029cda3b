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
        #expect(ClientAddress(connection: connection, forwardedFor: forwarded).description == expected)
    }
}
