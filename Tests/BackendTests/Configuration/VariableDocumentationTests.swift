import Foundation
import Testing

@testable import Backend

/// The variables that the program reads are those that are written about.
@Suite struct VariableDocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func everyVariableIsInTheExampleFileTheDocumentationAndTheReport() throws {
        let settings = try Settings(variables: [:])
        let names = Set(settings.variableNames)
        let example = try DotEnvFile(
            parsing: String(contentsOf: Self.root.appendingPathComponent(".env.example"), encoding: .utf8))
        #expect(Set(example.entries.keys) == names)
        #expect(Set(settings.values.map(\.name)) == names)

        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/backend.md"), encoding: .utf8)
        let settingsSection = try #require(page.components(separatedBy: "\n## Settings\n").last)
        let rows = settingsSection.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.compactMap { $0.split(separator: "|").first }
        let documented = Set(cells.flatMap { $0.matches(of: /`([A-Z][A-Z_]+)`/).map { String($0.1) } })
        #expect(documented == names)
    }

    @Test func theExampleFileIsTheDefaults() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent(".env.example"), encoding: .utf8)
        let values = try DotEnvFile(parsing: text).entries.mapValues(\.value)
        var settings = try Settings(variables: values)
        let defaults = try Settings(variables: [:])
        settings.secretKey = defaults.secretKey
        #expect(settings == defaults)
    }

    @Test(arguments: [("1024", 1024), ("10M", 10 << 20), ("10MB", 10 << 20), ("1 GiB", 1 << 30), ("64k", 64 << 10)])
    func sizesAreReadAsPeopleWriteThem(text: String, bytes: Int) throws {
        #expect(try ByteCount.parse(text, 0...(1 << 30)) == bytes)
    }

    @Test(arguments: ["", "M", "-1", "2G", "ten", "99999999999999999999", "9999999999999G"])
    func otherSizesAreRefused(text: String) {
        #expect(throws: InvalidValue.self) { try ByteCount.parse(text, 0...(1 << 30)) }
    }
}
