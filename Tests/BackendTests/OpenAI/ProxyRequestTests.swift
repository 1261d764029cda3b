import HTTPTypes
import NIOCore
import Testing

@testable import Backend

@Suite("Bodies for OpenAI's API", .timeLimit(.minutes(10)))
struct ProxyRequestTests {
    @Test(
        "A body that cannot be passed on is refused in a sentence",
        arguments: [
            ("{", "not valid JSON"), ("[]", "JSON object"), (#"{"messages":[]}"#, "model is missing"),
            (#"{"model":1,"messages":[]}"#, "model must be a string"), (#"{"model":"m"}"#, "messages is missing"),
            (#"{"model":"m","messages":"x"}"#, "messages must be an array"),
            (#"{"model":"m","messages":[],"stream":1}"#, "stream must be true or false"),
            ("{\"model\":\"m\u{0}\",\"messages\":[]}", "NUL"), (#"{"model":"m\u0000","messages":[]}"#, "NUL"),
            (#"{"model":"m","messages":"# + String(repeating: "[", count: 200), "nested"),
        ])
    func badBodies(body: String, words: String) {
        let error = #expect(throws: APIError.self) {
            _ = try ProxyRequest(.chatCompletions, body: ByteBuffer(string: body))
        }
        #expect(error?.status == .badRequest)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("Invalid UTF-8 is refused")
    func invalidUTF8() {
        var body = ByteBuffer(string: #"{"model":"m","messages":[""#)
        body.writeBytes([0xC0, 0xAF])
        body.writeString(#""]}"#)
        let error = #expect(throws: APIError.self) { _ = try ProxyRequest(.chatCompletions, body: body) }
        #expect(error?.message.contains("UTF-8") == true)
    }

    private static let asked = #""stream_options":{"include_usage":true}"#

    @Test(
        "The usage is asked for by the smallest change of the body",
        arguments: [
            (#"{"model":"m","stream":true,"messages":[] }"#, #"{"model":"m","stream":true,"messages":[],\#(asked) }"#),
            (
                #"{"stream_options":{},"model":"m","stream":true,"messages":[]}"#,
                #"{\#(asked),"model":"m","stream":true,"messages":[]}"#
            ),
            (
                #"{"stream_options":null,"model":"m","stream":true,"messages":[]}"#,
                #"{\#(asked),"model":"m","stream":true,"messages":[]}"#
            ),
            (
                #"{"stream_options":{"include_usage":false},"model":"m","stream":true,"messages":[]}"#,
                #"{\#(asked),"model":"m","stream":true,"messages":[]}"#
            ),
            (
                #"{"stream_options":{"x":1},"model":"m","stream":true,"messages":[]}"#,
                #"{"stream_options":{"include_usage":true,"x":1},"model":"m","stream":true,"messages":[]}"#
            ),
            (#"{"model":"m","messages":[],"x":[1,2.5e3,null]}"#, #"{"model":"m","messages":[],"x":[1,2.5e3,null]}"#),
        ])
    func usageRequest(body: String, expected: String) throws {
        let buffer = ByteBuffer(string: body)
        let request = try ProxyRequest(.chatCompletions, body: buffer)
        #expect(String(buffer: request.body(from: buffer)) == expected)
    }
}
