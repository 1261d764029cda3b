import Testing

@testable import K8sClient

@Suite("What is remembered between documents that are alike")
struct JSONMemoryTests {
    private func event(_ version: Int, _ fields: String) -> [UInt8] {
        Array(
            #"""
            {"type":"MODIFIED","object":{"metadata":{"name":"web","resourceVersion":"\#(version)","managedFields":\#
            [{"manager":"deployer","fieldsType":"FieldsV1","fieldsV1":\#(fields)}]}}}
            """#.utf8)
    }

    private func fields(_ variables: Int) -> String {
        let entries = (0..<variables).map { #""k:{\"name\":\"VARIABLE_\#($0)\"}":{".":{},"f:name":{},"f:value":{}}"# }
        return #"{"f:spec":{"f:template":{"f:containers":{"# + entries.joined(separator: ",") + "}}}}"
    }

    @Test("Each document reads as it would alone, whatever came before it")
    func sameAsAlone() throws {
        var memory = JSONMemory()
        // Sets that begin alike, that come again after others, and more of them than are remembered.
        for variables in [3, 3, 4, 3, 0, 4] + Array(1...80) + Array(1...80).reversed() {
            let bytes = event(variables, fields(variables))
            let remembered = try JSONValue(parsing: bytes.span, selecting: .all, memory: &memory)
            #expect(try remembered == JSONValue(parsing: bytes))
        }
    }

    @Test("A set of fields that was cut short, or is no object, is not taken for one that was read before")
    func brokenSets() throws {
        var memory = JSONMemory()
        let whole = event(1, fields(5))
        _ = try JSONValue(parsing: whole.span, selecting: .all, memory: &memory)
        for length in stride(from: whole.count - 1, to: 0, by: -1) {
            let cut = Array(whole[..<length])
            #expect(throws: JSONSyntaxError.self) {
                try JSONValue(parsing: cut.span, selecting: .all, memory: &memory)
            }
        }
        for other in ["null", "[1]", "7", #""text""#, "{}"] {
            let bytes = event(2, other)
            let value = try JSONValue(parsing: bytes.span, selecting: .all, memory: &memory)
            #expect(try value == JSONValue(parsing: bytes))
        }
    }

    @Test("A name is the one that was written, also when many share a place in the table")
    func names() throws {
        var memory = JSONMemory()
        for round in 0..<2 {
            for number in 0..<5_000 {
                let text = #"{"example.dev/a-rather-long-name-\#(number)":\#(round)}"#
                let bytes = Array(text.utf8)
                let value = try JSONValue(parsing: bytes.span, selecting: .all, memory: &memory)
                #expect(value == .object(["example.dev/a-rather-long-name-\(number)": .integer(Int64(round))]))
            }
        }
    }

    @Test(
        "Strings of every length and mixture are read as they were written", arguments: [UInt64.random(in: 0...(.max))])
    func strings(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = ["a", "bc", "0123456", "é", "😀", "\"", "\\", "\n", "\u{1}", "\u{7F}", "€", " "]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0..<24, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let value: JSONValue = .object([text: .string(text), "after": .array([.string(text)])])
            let bytes = value.jsonBytes()
            #expect(try JSONValue(parsing: bytes) == value, "seed \(seed)")
            // What is passed over ends where it ends when it is read.
            let after = try JSONValue(parsing: bytes, selecting: ["after": .all])
            #expect(after["after"] == .array([.string(text)]), "seed \(seed)")
        }
    }

    @Test("Control characters and broken UTF-8 are refused wherever they stand in a string")
    func refusesInStrings() {
        for length in 0..<20 {
            for position in 0...length {
                for bad: UInt8 in [0x00, 0x1F, 0x80, 0xC3, 0xFF] {
                    var bytes = Array(repeating: UInt8(ascii: "x"), count: length)
                    bytes.insert(bad, at: position)
                    bytes = [0x22] + bytes + [0x22]
                    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
                }
            }
        }
    }

    private struct Optionals: Codable, Hashable {
        var text: String?
        var flag: Bool?
        var small: Int8?
        var ratio: Double?
        var list: [String]?
    }

    @Test("Members that may be absent may be null, and must fit when they are there")
    func optionals() throws {
        let nothing: JSONValue = ["text": .null, "flag": .null, "small": .null, "ratio": .null, "list": .null]
        #expect(try nothing.decode(Optionals.self) == Optionals())
        #expect(try JSONValue.object([:]).decode(Optionals.self) == Optionals())
        let all: JSONValue = ["text": "a", "flag": true, "small": 1.0, "ratio": 2, "list": ["b"]]
        #expect(
            try all.decode(Optionals.self) == Optionals(text: "a", flag: true, small: 1, ratio: 2, list: ["b"]))
        for (name, wrong) in ["text": 1, "flag": "x", "small": 300, "ratio": "x", "list": [1]] as [String: JSONValue] {
            let error = try #require(throws: JSONDecodingError.self) {
                try JSONValue.object([name: wrong]).decode(Optionals.self)
            }
            #expect(error.path == (name == "list" ? ".list[0]" : ".\(name)"))
        }
    }

    @Test("texts that are remembered come out as they were, also when more come than are remembered")
    func texts() throws {
        var memory = JSONMemory(sharesTexts: true)
        for round in 0..<2 {
            for index in 0..<2_000 {
                let text = "a text that is worth it \(index)"
                let json = #"{"one":"\#(text)","two":"\#(text)","short":"é","escaped":"a line that is broken\n"}"#
                let bytes = Array(json.utf8)
                let value = try JSONValue(parsing: bytes.span, selecting: .all, memory: &memory)
                #expect(
                    value == [
                        "one": .string(text), "two": .string(text), "short": "é", "escaped": "a line that is broken\n",
                    ],
                    "round \(round)")
            }
        }
    }
}
