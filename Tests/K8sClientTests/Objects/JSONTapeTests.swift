@testable import K8sClient
import Testing

@Suite("Documents that are decoded without becoming values first")
struct JSONTapeTests {
    private struct Everything: Codable, Hashable {
        struct Item: Codable, Hashable {
            var name: String
            var port: UInt16?
            var ratio: Float?
        }
        enum Mode: String, Codable { case fast, slow }
        var replicas: Int
        var isOn: Bool?
        var mode: Mode?
        var items: [Item]
        var labels: [String: String]?
        var named: [String: Item]?
        var extra: JSONValue?
        var nested: [[Int]]?
        var fieldsV1: [String: [String: Int]]?
    }

    private func document(_ random: inout SeededGenerator, depth: Int = 0) -> JSONValue {
        let names = ["a", "name", "a-name-longer-than-fifteen", "é", "quo\"te", "fieldsV1", ""]
        switch Int.random(in: 0..<(depth > 4 ? 6 : 9), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .double(.random(in: -1e9...1e9, using: &random))
        case 4: return .string(names.randomElement(using: &random) ?? "")
        case 5: return .string(String(repeating: "text\n", count: .random(in: 0..<20, using: &random)))
        case 6:
            return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in document(&random, depth: depth + 1) })
        default:
            var members: [String: JSONValue] = [:]
            for number in 0..<Int.random(in: 0..<25, using: &random) {
                let name = number < names.count ? names[number] : "member-\(number)"
                members[name] = document(&random, depth: depth + 1)
            }
            return .object(members)
        }
    }

    @Test("A tape holds what a value of the same text holds", arguments: [UInt64.random(in: 0...(.max))])
    func sameValue(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var memory = JSONMemory()
        for _ in 0..<300 {
            let value = document(&random)
            let tape = try JSONTape(parsing: value.jsonBytes(), memory: &memory)
            #expect(try tape.value(0) == JSONValue(parsing: value.jsonBytes()), "seed \(seed)")
        }
    }

    @Test("A text is refused for the same reason in both forms", arguments: [UInt64.random(in: 0...(.max))])
    func sameErrors(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var bytes = document(&random).jsonBytes()
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            #expect(
                result { () throws(JSONSyntaxError) in try JSONTape(parsing: bytes).value(0) }
                    == result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes) },
                "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private func result(_ body: () throws(JSONSyntaxError) -> JSONValue) -> Result<JSONValue, JSONSyntaxError> {
        Result(catching: body)
    }

    @Test(
        "A type reads the same from both forms, and what does not fit is named by the same path",
        arguments: [
            #"{"replicas": 3, "items": []}"#,
            #"{"replicas": 3, "isOn": null, "mode": "slow", "items": [{"name": "a\"b", "port": 80}, {"name": "b", "ratio": 1}]}"#,
            #"{"replicas": 1, "replicas": 2, "items": [], "labels": {"x": "1", "x": "2"}}"#,
            #"{"replicas": 1, "items": [], "extra": {"any": [1, null, "x", {"y": 1.5}]}, "nested": [[1, 2], []]}"#,
            #"{"replicas": 1, "items": [], "named": {"é": {"name": "n"}}, "fieldsV1": {"a": {"b": 1}}}"#,
            #"{"replicas": "x", "items": []}"#, #"{"replicas": 1.5, "items": []}"#, #"{"replicas": 1}"#, "[]", "3",
            #"{"replicas": 1, "items": [{"name": "a"}, {"name": null}]}"#, #"{"replicas": 1, "items": {}}"#,
            #"{"replicas": 1, "items": [{"name": "a", "port": 70000}]}"#,
            #"{"replicas": 1, "items": [], "labels": {"x": 1}}"#, #"{"replicas": 1, "items": [], "mode": "medium"}"#,
            #"{"replicas": 1, "items": [], "nested": [[1], 2]}"#, #"{"replicas": 1, "items": [], "isOn": "true"}"#,
            #"{"replicas": 1, "items": [], "fieldsV1": {"a": {"b": "c"}}}"#,
            #"{"replicas": 1, "items": [], "fieldsV1": {"a": []}}"#,
        ])
    func sameDecoding(text: String) throws {
        let value = try JSONValue(parsing: text)
        // As an event of a watch holds it, so that the tape's beginning is not the object's.
        let tape = try JSONTape(parsing: Array(#"{"type": "ADDED", "object": \#(text)}"#.utf8))
        let index = try #require(tape.member("object", of: 0))
        let fromTape = Result { () throws(JSONDecodingError) in
            try ReceivedObject.tape(tape, index).decode(Everything.self)
        }
        let fromValue = Result { () throws(JSONDecodingError) in
            try ReceivedObject.value(value).decode(Everything.self)
        }
        #expect(fromTape == fromValue)
    }

    @Test("An object of very many members is read in a time that grows with it")
    func manyMembers() throws {
        let members = (0..<50_000).map { (number: Int) in #""member-\#(number)":{"name":"\#(number)"}"# }
        let text = #"{"replicas":1,"items":[],"named":{"# + members.joined(separator: ",") + "}}"
        let tape = try JSONTape(parsing: Array(text.utf8))
        let object = try ReceivedObject.tape(tape, 0).decode(Everything.self)
        #expect(object.named?.count == 50_000)
        #expect(object.named?["member-49999"]?.name == "49999")
    }

    @Test("What was not asked for is kept when a typed object is written back")
    func preserving() throws {
        let text = #"{"metadata": {"name": "a"}, "data": {"k": "v"}, "immutable": true}"#
        let object = try ReceivedObject.tape(JSONTape(parsing: Array(text.utf8)), 0)
            .decode(Preserving<PartialObjectMetadata>.self)
        #expect(object.metadata.name == "a")
        #expect(try object.merged() == JSONValue(parsing: text))
    }
}
