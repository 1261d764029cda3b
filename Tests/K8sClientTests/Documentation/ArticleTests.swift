import Foundation
import Testing

@Suite("The articles of the documentation")
struct ArticleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A text without white space: where lines break is no difference.
    private func packed(_ text: String) -> String { text.filter { !$0.isWhitespace } }

    @Test(
        "Every sample of code stands in the file that is compiled",
        arguments: [("Connecting", 3), ("ReadingAndWriting", 7), ("Watching", 4), ("WritingAController", 5)])
    func samples(article: String, count: Int) throws {
        let folder = Self.root.appending(path: "Sources/K8sClient/K8sClient.docc")
        let text = try String(contentsOf: folder.appending(path: article + ".md"), encoding: .utf8)
        let samples = text.components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(samples.count == count)
        let compiled = packed(
            try String(
                contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                    path: "ArticleSamples.swift"),
                encoding: .utf8))
        for sample in samples { #expect(compiled.contains(packed(sample)), "not compiled:\n\(sample)") }
    }
}
