import K8sClient
import Testing

@Suite("JSON as bytes")
struct JSONTextTests {
    @Test(
        "Documents are read as RFC 8259 says",
        arguments: [
            (" {\"a\" : [ 1 , -2.5e1 , true , false , null , \"x\" ] }\n", ["a": [1, -25.0, true, false, .null, "x"]]),
            ("[]", []), ("{}", [:]), ("\"\"", ""), ("0", 0), ("-0", 0),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1e2", .double(100)), ("1.0", .double(1)),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\ud83d\ude00""#, "é😀"),
            (#""\ud800x""#, "\u{FFFD}x"), (#""\ud800\u0041""#, "\u{FFFD}A"), (#"{"a":1,"a":2}"#, ["a": 2]),
        ] as [(String, JSONValue)])
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "What is no JSON is refused with the offset",
        arguments: [
            ("", 0), ("  ", 2), ("{", 1), ("[1,]", 3), ("[1 2]", 3), ("{\"a\"}", 4), ("{\"a\":1,}", 7), ("{a:1}", 1),
            ("01", 0), ("-", 1), ("1.", 2), ("1e", 2), (".5", 0), ("+1", 0), ("tru", 0), ("nulls", 4), ("1 2", 2),
            ("\"a", 2), ("\"\n\"", 1), (#""\x""#, 2), (#""\u12""#, 5), ("'a'", 0), ("NaN", 0), ("1e999", 0),
            ("[1]]", 3), ("\u{FEFF}{}", 0),
        ])
    func refuses(text: String, offset: Int) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        #expect(error.offset == offset, "\(error)")
    }

    @Test(
        "Bytes that are no UTF-8 are refused",
        arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]])
    func brokenUTF8(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test("Nesting is bounded, so that no document exhausts the stack")
    func depth() throws {
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        _ = try JSONValue(parsing: deep)
        let tooDeep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: tooDeep) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: "{\"a\":", count: 100_000)) }
    }

    @Test("Equal values have equal bytes, keys sorted, control characters escaped")
    func writes() {
        #expect((["b": 1, "a": [.null, true, 1.5]] as JSONValue).jsonText == #"{"a":[null,true,1.5],"b":1}"#)
        #expect(JSONValue.string("\"\\\n\r\t\u{1}\u{1F}/é").jsonText == #""\"\\\n\r\t\u0001\u001f/é""#)
        #expect(JSONValue.double(.infinity).jsonText == "null")
    }

    @Test("Whatever is written reads back the same")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = JSONValue.random(using: &random)
            #expect(try JSONValue(parsing: value.jsonBytes()) == value, "seed \(seed)")
        }
    }

    @Test("Cutting a document anywhere never yields a document, nor a crash")
    func cut() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<8 {
            let bytes = JSONValue.array([.random(using: &random), "end"]).jsonBytes()
            for count in 0..<bytes.count {
                #expect(throws: JSONSyntaxError.self, "seed \(seed)") { try JSONValue(parsing: Array(bytes[..<count])) }
            }
        }
    }
}

extension JSONValue {
    /// Any value, with the strings that formats trip over among them.
    static func random(using random: inout SeededGenerator, depth: Int = 0) -> JSONValue {
        let words = [
            "", "a", "yes", "null", "~", "0777", "1e3", "- x", "a: b", "#", "'", "\"", "line\nbreak", " lead", "trail ",
            "tab\t", "é", "😀", "\u{2028}", "0x1F", "<<", "*a", "&b", "!c", "%d", "@e", "`", "1_000", "true", "0.1", "|",
            ">",
            "\u{1}", "multi\nline\n", "\n", "---", "...", "=", "2026-01-01", "\u{85}", "\u{FEFF}", "a #b", "?", "[",
            "{",
        ]
        switch Int.random(in: 0..<(depth > 3 ? 6 : 9), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .double(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 64 + 0.001)
        case 4, 5: return .string(words.randomElement(using: &random) ?? "")
        case 6, 7:
            var members: [String: JSONValue] = [:]
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                members[words.randomElement(using: &random) ?? ""] = .random(using: &random, depth: depth + 1)
            }
            return .object(members)
        default:
            var items: [JSONValue] = []
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                items.append(.random(using: &random, depth: depth + 1))
            }
            return .array(items)
        }
    }
}
