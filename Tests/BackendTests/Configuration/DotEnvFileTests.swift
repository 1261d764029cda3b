import Testing

@testable import Backend

@Suite struct DotEnvFileTests {
    @Test(arguments: [
        ("A=1", "1"), ("export A=1", "1"), ("  A = 1  # c", "1"), ("A=a#b", "a#b"), ("A=", ""), ("A= # c", ""),
        ("A='a # b'", "a # b"), ("A='a\\nb'", "a\\nb"), ("A=\"a\\nb\\\"c\\\\\" # c", "a\nb\"c\\"),
        ("A=\"x\ny\"", "x\ny"), ("A=$HOME$(id)`id`", "$HOME$(id)`id`"), ("A=1\r\nB=2\r\n", "1"),
        ("\u{FEFF}A=1", "1"), ("# A=0\n\nA=1\nA=2", "2"), ("A=\"\\$x\"", "$x"), ("A=a b c", "a b c"),
    ])
    func aValueIsReadAsOthersReadIt(text: String, value: String) throws {
        #expect(try DotEnvFile(parsing: text).entries["A"]?.value == value)
    }

    @Test(arguments: [
        ("A", 1), ("A=1\n1B=2", 2), ("A='x\ny", 1), ("A=1\n\nB=\"x\" y", 3), ("=1", 1), ("A B=1", 1),
    ])
    func whatIsWrongIsToldWithItsLine(text: String, line: Int) {
        #expect(throws: DotEnvFile.Failure.self) { try DotEnvFile(parsing: text) }
        do {
            _ = try DotEnvFile(parsing: text)
        } catch {
            #expect(error.line == line)
        }
    }

    @Test func theEnvironmentWinsOverAFileAlsoWithAnEmptyValue() throws {
        var variables = EnvironmentVariables(["A": "1", "B": ""])
        variables.add(try DotEnvFile(parsing: "A=2\nB=2\nC=2"), path: ".env")
        #expect(variables.values == ["A": "1", "B": "", "C": "2"])
        #expect(variables.origins["C"] == .file(".env", line: 3))
    }
}
