@testable import K8sClient
import Testing

@Suite("Cutting a watch into lines")
struct LineSplitterTests {
    private func lines(_ chunks: [[UInt8]], limit: Int = 1 << 20) throws -> [String] {
        var splitter = LineSplitter(limit: limit)
        var lines: [String] = []
        for chunk in chunks {
            splitter.append(chunk)
            while let line = try splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        return lines
    }

    @Test("However a text is cut into chunks, also inside a character, the lines are the same")
    func anyCut() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let text = "erste Zeile\n\nzweite: größer als 😀\n{\"a\":\"\u{2028}\"}\nlast\n"
        let wanted = ["erste Zeile", "", "zweite: größer als 😀", "{\"a\":\"\u{2028}\"}", "last"]
        for _ in 0..<300 {
            var rest = Array(text.utf8)[...]
            var chunks: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(7, rest.count), using: &random)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try lines(chunks) == wanted, "seed \(seed)")
        }
        #expect(try lines([Array(text.utf8)]) == wanted)
    }

    @Test("What has no line end yet is no line")
    func partial() throws {
        #expect(try lines([Array("abc".utf8)]).isEmpty)
    }

    @Test("A line beyond the limit is an error, with or without its end")
    func limit() throws {
        #expect(try lines([Array("12345678\n".utf8)], limit: 8) == ["12345678"])
        #expect(throws: KubernetesError.self) { try lines([Array("123456789\n".utf8)], limit: 8) }
        #expect(throws: KubernetesError.self) { try lines([Array("1234".utf8), Array("56789".utf8)], limit: 8) }
    }
}
