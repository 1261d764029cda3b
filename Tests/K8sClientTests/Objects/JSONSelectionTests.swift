import Testing

@testable import K8sClient

@Suite("Reading a part of a document")
struct JSONSelectionTests {
    @Test("Only what is selected is read, at every level")
    func members() throws {
        let text = #"{"a": {"b": [1, {"c": 2, "d": 3}], "e": "x"}, "f": [true, null], "g": -1.5e3}"#
        let selection: JSONSelection = ["a": ["b": .items(["d": .all])], "g": .all, "missing": .all]
        #expect(
            try JSONValue(parsing: Array(text.utf8), selecting: selection)
                == ["a": ["b": [1, ["d": 3]]], "g": -1500.0])
    }

    @Test("A value of another shape than selected is read as it is")
    func otherShapes() throws {
        let text = #"{"a": [1, 2], "b": {"c": null}, "d": "x"}"#
        let selection: JSONSelection = ["a": ["x": .all], "b": .items(["c": .all]), "d": ["x": .all]]
        #expect(try JSONValue(parsing: Array(text.utf8), selecting: selection) == JSONValue(parsing: text))
    }

    @Test("The text of a value has no white space but inside strings")
    func text() throws {
        let text = "{\"a\" : { \"x y\" :\n[ 1 , \"a \\\" b\\\\\" ,\ttrue ] } , \"b\":  \"c\"}"
        let value = try JSONValue(parsing: Array(text.utf8), selecting: ["a": .text, "b": .text])
        #expect(value["a"]?.string == #"{"x y":[1,"a \" b\\",true]}"#)
        #expect(value["b"]?.string == "\"c\"")
    }

    @Test(
        "What is passed over must be JSON as well",
        arguments: [
            "{\"x\": [1, }", "{\"x\": {\"a\" 1}}", "{\"x\": \"a", "{\"x\": nul}", "{\"x\": 01}", "{\"x\": [1 2]}",
            "{\"x\": \"\n\"}", "{\"x\": }", "{\"x\": 1", "{\"x\": \"\\",
        ])
    func refuses(text: String) {
        for selection: JSONSelection in [["a": .all], ["x": .text]] {
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(text.utf8), selecting: selection) }
        }
    }

    @Test("Nesting is bounded where it is passed over, too")
    func depth() {
        let text = "{\"x\": " + String(repeating: "[", count: 100_000)
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(text.utf8), selecting: ["a": .all]) }
    }

    @Test("A selection reads what a whole document holds, for random documents and selections")
    func random() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let document = Self.document(depth: 4, &generator)
            let selection = Self.selection(depth: 4, &generator)
            let read = try JSONValue(parsing: document.jsonBytes(), selecting: selection)
            #expect(read == Self.reference(document, selection), "seed \(seed)")
            if let text = try JSONValue(parsing: document.jsonBytes(), selecting: .text).string {
                #expect(text == document.jsonText, "seed \(seed)")
            }
        }
    }

    private static func reference(_ value: JSONValue, _ selection: JSONSelection) -> JSONValue {
        switch (selection, value) {
        case (.text, _): .string(value.jsonText)
        case (.members(let wanted), .object(let members)):
            .object(
                members.filter { wanted[$0.key] != nil }.reduce(into: [:]) { result, member in
                    result[member.key] = wanted[member.key].map { reference(member.value, $0) }
                })
        case (.items(let item), .array(let items)): .array(items.map { reference($0, item) })
        default: value
        }
    }

    private static let names = ["a", "b", "c", "d \" e"]

    private static func document(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: .null
        case 1: .bool(true)
        case 2: .integer(.random(in: -1000...1000, using: &generator))
        case 3: .string("text with \\ and \"quotes\"")
        case 4: .double(0.5)
        case 5: .array((0..<3).map { _ in document(depth: depth - 1, &generator) })
        default: .object(names.reduce(into: [:]) { $0[$1] = document(depth: depth - 1, &generator) })
        }
    }

    private static func selection(depth: Int, _ generator: inout SeededGenerator) -> JSONSelection {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 2), using: &generator) {
        case 0: .all
        case 1: .text
        case 2: .items(selection(depth: depth - 1, &generator))
        default:
            .members(
                names.shuffled(using: &generator).prefix(2)
                    .reduce(into: [:]) { $0[$1] = selection(depth: depth - 1, &generator) })
        }
    }
}
