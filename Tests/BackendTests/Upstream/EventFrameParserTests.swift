import NIOCore
import Testing

@testable import Backend

@Suite("Server-sent events", .timeLimit(.minutes(10)))
struct EventFrameParserTests {
    private func frames(_ pieces: [String]) throws -> (frames: [String], rest: String) {
        var parser = EventFrameParser()
        var frames: [String] = []
        for piece in pieces {
            parser.append(ByteBuffer(string: piece))
            while let frame = try parser.next() { frames.append(String(buffer: frame.bytes)) }
        }
        return (frames, String(buffer: parser.rest))
    }

    @Test("Frames end at an empty line, whatever ends lines", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(end: String) throws {
        let first = "data: a\(end)data: b\(end)\(end)"
        let second = ": comment\(end)event: x\(end)data:c\(end)\(end)"
        let result = try frames([first + second + "data: rest"])
        #expect(result.frames == [first, second])
        #expect(result.rest == "data: rest")
        let parsed = result.frames.map { EventFrame(bytes: ByteBuffer(string: $0)) }
        #expect(parsed[0].data.map { String(buffer: $0) } == "a\nb")
        #expect(parsed[1].data.map { String(buffer: $0) } == "c")
        #expect(parsed[1].event == "x")
        #expect(parsed[0].event == nil)
    }

    @Test("However a stream is cut, the same frames come of it, and every byte")
    func fuzz() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "data: x", "data:", "event: e", ":", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "ü", "data: {\"a\":1}\n\n",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                parts.randomElement(using: &generator)!
            }
            .joined()
            let whole = try frames([text])
            let bytes = Array(text.utf8)
            var parser = EventFrameParser()
            var collected: [UInt8] = []
            var datas: [ByteBuffer?] = []
            var position = 0
            while position < bytes.count {
                let length = Int.random(in: 1...4, using: &generator)
                parser.append(ByteBuffer(bytes: bytes[position..<min(bytes.count, position + length)]))
                position += length
                while let frame = try parser.next() {
                    collected += frame.bytes.readableBytesView
                    if let data = frame.data { datas.append(data) }
                }
            }
            collected += parser.rest.readableBytesView
            #expect(collected == bytes, "seed \(seed)")
            // Between CR and LF a frame may end early, with the LF before the next one; what it says is the same.
            let expected = whole.frames.compactMap { EventFrame(bytes: ByteBuffer(string: $0)).data }
            #expect(datas.compactMap { $0 } == expected, "seed \(seed), \(text.debugDescription)")
        }
    }

    @Test("Frames that are left out leave the others in as few pieces as possible")
    func batches() throws {
        var parser = EventFrameParser()
        parser.append(ByteBuffer(string: "data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\nda"))
        let batches = try parser.batches { $0.data != ByteBuffer(string: "3") }
        #expect(batches.map { String(buffer: $0) } == ["data: 1\n\ndata: 2\n\n", "data: 4\n\n"])
        parser.append(ByteBuffer(string: "ta: 5\n\n"))
        let next = try parser.batches { _ in true }
        #expect(next.map { String(buffer: $0) } == ["data: 5\n\n"])
    }

    @Test("A frame without end is refused at the bound")
    func bound() throws {
        var parser = EventFrameParser(limit: 100)
        parser.append(ByteBuffer(string: String(repeating: "x", count: 101)))
        #expect(throws: EventFrameParser.FrameTooLarge(limit: 100)) { _ = try parser.next() }
    }

    @Test("A chunk's text, reason and usage are found without regard to order and escapes")
    func chunk() throws {
        let text =
            #"{"x":[{"content":"no"}],"choices":[{"finish_reason":null,"delta":{"content":"a\"\u00fc\ud83d\ude00"}}]}"#
        let chunk = try #require(ChatCompletionChunk(data: ByteBuffer(string: text)))
        #expect(chunk.content == "a\"ü😀")
        #expect(chunk.hasDelta && chunk.finishReason == nil && !chunk.hasNoChoices)
        let last = try #require(
            ChatCompletionChunk(
                data: ByteBuffer(string: #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#)))
        #expect(last.usage == TokenUsage(promptTokens: 3, completionTokens: 4))
        #expect(last.hasNoChoices)
        let failed = try #require(ChatCompletionChunk(data: ByteBuffer(string: #"{"error":{"message":"no"}}"#)))
        #expect(failed.errorMessage == "no")
        #expect(ChatCompletionChunk(data: ByteBuffer(string: "{")) == nil)
    }
}
