import K8sClient
import Testing

@Suite("YAML as kubectl reads it")
struct YAMLTests {
    private func value(_ text: String) throws -> JSONValue? { try YAML.parse(text).first?.value }

    @Test(
        "Plain scalars have the types that kubectl gives them; quoted ones are strings",
        arguments: [
            ("yes", true), ("No", false), ("on", true), ("true", true), ("~", .null), ("null", .null), ("", .null),
            ("12", 12), ("-3", -3), ("+4", 4), ("0777", 511), ("0o17", 15), ("0x1F", 31), ("0b11", 3), ("1_000", 1000),
            ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("1.2.3", "1.2.3"), ("12a", "12a"), ("-", [.null]),
            ("'12'", "12"), ("\"yes\"", "yes"), ("!!str 12", "12"), ("2026-01-01", "2026-01-01"), (".inf", ".inf"),
            ("08", 8.0), ("http://a:80/b", "http://a:80/b"), ("a#b", "a#b"), ("y", true),
            ("500m", "500m"), ("1Gi", "1Gi"), ("0", 0), ("-0x10", -16), ("_", "_"), ("--", "--"),
        ] as [(String, JSONValue)])
    func scalars(text: String, wanted: JSONValue) throws {
        #expect(try value("a: \(text == "-" ? "\n- " : text)")?["a"] == wanted)
    }

    @Test("A stream's documents come with the lines on which they begin; empty ones are left out")
    func documents() throws {
        let documents = try YAML.parse("# first\na: 1\n---\n---\n\n# second\nb: 2\n...\n---\n- 3\n")
        #expect(documents.map(\.value) == [["a": 1], ["b": 2], [3]])
        #expect(documents.map(\.line) == [2, 7, 10])
    }

    @Test("Block texts keep or fold their lines")
    func blocks() throws {
        #expect(try value("a: |\n  x\n   y\n\n  z\n")?["a"] == "x\n y\n\nz\n")
        #expect(try value("a: |-\n  x\n")?["a"] == "x")
        #expect(try value("a: >\n  x\n  y\n\n  z\n")?["a"] == "x y\nz\n")
    }

    @Test("Anchors, aliases and merge keys are resolved; a mapping's own keys win")
    func anchors() throws {
        #expect(try value("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}")?["b"] == ["k": 1, "l": 2])
        #expect(try value("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}")?["c"] == ["k": 3, "l": 2])
        #expect(try value("a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}")?["c"] == ["k": 1, "m": 3])
    }

    @Test("Keys that are no strings become the text that stands there")
    func keys() throws {
        #expect(try value("1: a\ntrue: b\nnull: c") == ["1": "a", "true": "b", "null": "c"])
    }

    @Test(
        "What is wrong is told with line and column",
        arguments: [
            ("a: 1\nb: [1, 2\nc: 3", 3, 2), ("a: 1\n b: 2", 2, 3), ("a: 1\na: 2", 2, 1), ("a: *none", 1, 4),
            ("a:\n\t- b", 2, 1), ("a: \"open", 1, 9), ("x: {<<: 3}", 1, 9), ("a: !local 3", 1, 4),
            ("? [a]\n: b", 1, 3),
            ("a: 'x\u{1}'", 1, 6),
        ])
    func errors(text: String, line: Int, column: Int) throws {
        let error = try #require(throws: YAML.SyntaxError.self) { try YAML.parse(text) }
        #expect(error.line == line, "\(error)")
        #expect(error.column == column, "\(error)")
        #expect(error.description.hasPrefix("line \(line), column \(column): "))
    }

    @Test("Aliases cannot make a small file huge")
    func bomb() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<12 {
            let alias = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            text += "a\(level): &a\(level) [\(alias)]\n"
        }
        #expect(throws: YAML.SyntaxError.self) { try YAML.parse(text) }
    }

    @Test("Nesting is bounded, so that no file exhausts the stack")
    func depth() {
        #expect(throws: YAML.SyntaxError.self) { try YAML.parse(String(repeating: "[", count: 50_000)) }
        #expect(throws: YAML.SyntaxError.self) {
            try YAML.parse(String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000))
        }
    }

    @Test("An alias within its own anchor is refused")
    func recursion() {
        #expect(throws: YAML.SyntaxError.self) { try YAML.parse("a: &a [*a]") }
    }

    @Test("Manifests are written in blocks with sorted keys, and what would read as another type is quoted")
    func writes() {
        let text = YAML.serialize([
            "b": ["yes", "12", "", "plain"], "a": ["n": 1, "t": true, "z": .null, "e": [:], "l": []], "c": "x\ny\n",
        ])
        #expect(
            text == """
                a:
                  e: {}
                  l: []
                  "n": 1
                  t: true
                  z: null
                b:
                - "yes"
                - "12"
                - ""
                - plain
                c: |
                  x
                  y

                """)
    }

    @Test("Whatever is written reads back the same")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let value: JSONValue = ["v": .random(using: &random)]
            let text = YAML.serialize(value)
            #expect(try YAML.parse(text).map(\.value) == [value], "seed \(seed)\n\(text)")
        }
    }

    @Test("Several documents are written as a stream that reads back")
    func stream() throws {
        let values: [JSONValue] = [["a": 1], ["b": ["---"]], [1, 2]]
        #expect(try YAML.parse(YAML.serialize(values)).map(\.value) == values)
    }

    @Test("Random bytes never crash the reader")
    func noise() {
        var random = SeededGenerator(seed: 42)
        let alphabet = Array("abc:-[]{}#&*!|>'\"%@`,?\n \t01~<\u{e9}".unicodeScalars)
        for _ in 0..<600 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                text.unicodeScalars.append(alphabet.randomElement(using: &random) ?? "a")
            }
            _ = try? YAML.parse(text)
        }
    }
}
