import Testing

@testable import Operator

@Suite struct ObjectUIDTests {
    @Test(
        "a uid comes out as it went in, whatever a server makes",
        arguments: [
            "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "1B4E28BA-2FA1-41D2-883F-0016D3CCA427",
            "1b4e28ba2fa141d2883f0016d3cca427", "u", "",
        ])
    func roundTrip(text: String) {
        #expect(ObjectUID(text).description == text)
    }

    @Test("uids are equal when their texts are")
    func equality() {
        let text = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
        #expect(ObjectUID(text) == ObjectUID(text))
        #expect(ObjectUID(text) != ObjectUID(text.uppercased()))
        #expect(ObjectUID(text) != ObjectUID("1b4e28ba-2fa1-41d2-883f-0016d3cca428"))
    }
}
