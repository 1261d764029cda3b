import Foundation
import NIOCore
import Testing

@testable import Backend

@Suite struct RecordTests {
    @Test func timesKeepTheirMicrosecondsAsText() throws {
        for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000001Z", "2026-12-31T23:59:59.999999Z"] {
            #expect(try #require(Timestamp(text)).description == text)
        }
        #expect(Timestamp("2026-01-02T03:04:05.5Z")?.description == "2026-01-02T03:04:05.500000Z")
        #expect(Timestamp("yesterday") == nil)
    }

    @Test func timesAreWrittenAsFoundationWritesThem() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        let edges: [Int64] = [0, -1, 951_782_400, 951_868_800, 4_107_542_400, -62_135_596_800, 253_402_300_799]
        let random = (0..<2_000).map { _ in Int64.random(in: -62_135_596_800..<253_402_300_800, using: &generator) }
        for second in edges + random {
            // Foundation's own calendar is Julian before 1582; these are proleptic Gregorian, as databases have them.
            guard second > -12_219_292_800 else { continue }
            let date = Date(timeIntervalSince1970: Double(second))
            #expect(Timestamp(microseconds: second * 1_000_000).description == date.formatted(style), "seed \(seed)")
        }
    }

    @Test func writtenTextIsTheTextThatIsReadBack() throws {
        let texts = ["", "plain", "\"quoted\" \\ back", "line\nend\r\ttab", "\u{0}\u{1F}\u{7F}", "\u{1F600} 中文"]
        var json = JSONWriter()
        json.object { json in
            json.name("texts")
            json.array(texts) { $0.value($1) }
            json.member("none", nil as String?)
            json.member("number", 7)
        }
        struct Document: Decodable {
            let texts: [String]
            let none: String?
            let number: Int
        }
        let document = try JSONDecoder().decode(Document.self, from: Data(json.buffer.readableBytesView))
        #expect(document.texts == texts)
        #expect(document.none == nil)
        #expect(document.number == 7)
    }

    @Test func newIdentifiersSortByTime() {
        let early = UUID.version7(Timestamp(microseconds: 1_000_000_000_000))
        let late = UUID.version7(Timestamp(microseconds: 1_000_000_001_000))
        #expect(early.uuidString < late.uuidString)
        #expect(early.uuidString.dropFirst(14).first == "7")
    }
}
