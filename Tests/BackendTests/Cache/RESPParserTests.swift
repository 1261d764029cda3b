import NIOCore
import Testing

@testable import Backend

@Suite("RESP", .timeLimit(.minutes(10)))
struct RESPParserTests {
    private func parse(_ text: String, chunk: Int = .max, limits: RESPParser.Limits = .init()) throws -> [RESPValue] {
        try Self.parse(Array(text.utf8), limits: limits) { _ in chunk }
    }

    private static func parse(
        _ bytes: [UInt8], limits: RESPParser.Limits = .init(), chunk: (Int) -> Int
    ) throws -> [RESPValue] {
        var parser = RESPParser(limits: limits)
        var values: [RESPValue] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(chunk(rest.count), rest.count)
            parser.append(ByteBuffer(bytes: rest.prefix(count)))
            rest = rest.dropFirst(count)
            while let value = try parser.next() { values.append(value) }
        }
        return values
    }

    private static let samples: [(String, RESPValue)] = [
        ("+OK\r\n", .simpleString("OK")),
        ("-WRONGPASS no\r\n", .error("WRONGPASS no")),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":+12\r\n", .integer(12)),
        ("$5\r\na\r\nb\0\r\n", .bulkString(Array("a\r\nb\0".utf8))),
        ("$0\r\n\r\n", .bulkString([])),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null),
        ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
        (",1.5e3\r\n", .double(1_500)), (",-inf\r\n", .double(-.infinity)),
        (
            "(-3492890328409238509324850943850943825024385\r\n",
            .bigNumber("-3492890328409238509324850943850943825024385")
        ),
        ("!7\r\nERR bad\r\n", .error("ERR bad")),
        ("=7\r\ntxt:abc\r\n", .bulkString(Array("abc".utf8))),
        ("*0\r\n", .array([])),
        ("*2\r\n:1\r\n*1\r\n+a\r\n", .array([.integer(1), .array([.simpleString("a")])])),
        ("~1\r\n+a\r\n", .set([.simpleString("a")])),
        ("%1\r\n+a\r\n:1\r\n", .map([.simpleString("a"), .integer(1)])),
        (">2\r\n+a\r\n:1\r\n", .push([.simpleString("a"), .integer(1)])),
        ("|1\r\n+ttl\r\n:9\r\n*2\r\n|1\r\n+k\r\n+v\r\n:1\r\n|0\r\n:2\r\n", .array([.integer(1), .integer(2)])),
    ]

    @Test("Every type is read, however the bytes fall", arguments: [1, 2, 3, 7, Int.max])
    func types(chunk: Int) throws {
        for (text, value) in Self.samples { #expect(try parse(text, chunk: chunk) == [value]) }
        #expect(try parse(Self.samples.map(\.0).joined(), chunk: chunk) == Self.samples.map(\.1))
    }

    @Test(
        "What is not RESP gives one error, now and later",
        arguments: [
            "\r\n", "hello\r\n", "+a\n", "+a\rb\r\n", ":\r\n", ":1x\r\n", ":9223372036854775808\r\n", ":-\r\n",
            "$-2\r\n",
            "$3\r\nabcd\r\n", "$x\r\n", "*-2\r\n", "#x\r\n", "_x\r\n", ",x\r\n", "(1.5\r\n", "=2\r\nab\r\n",
            "=4\r\nabcd\r\n", "$?\r\n", "*?\r\n", "*1\r\n>1\r\n+a\r\n", "%-1\r\n",
        ])
    func malformed(text: String) throws {
        var parser = RESPParser()
        func firstError(after bytes: String) -> RESPError? {
            parser.append(ByteBuffer(string: bytes))
            do {
                while try parser.next() != nil {}
                return nil
            } catch {
                return error
            }
        }
        let first = firstError(after: text)
        #expect(first != nil)
        #expect(firstError(after: "+OK\r\n") == first)
    }

    @Test("Every bound holds before memory is used for what a server only claims")
    func bounds() throws {
        let limits = RESPParser.Limits(depth: 4, lineLength: 64, bulkLength: 100, elements: 10, bytes: 300)
        #expect(throws: RESPError.self) { try parse(String(repeating: "*1\r\n", count: 5), limits: limits) }
        #expect(throws: RESPError.self) { try parse("$101\r\n", limits: limits) }
        #expect(throws: RESPError.self) { try parse("*11\r\n", limits: limits) }
        #expect(throws: RESPError.self) { try parse("%6\r\n", limits: limits) }
        #expect(throws: RESPError.self) { try parse("*9223372036854775807\r\n", limits: limits) }
        #expect(throws: RESPError.self) { try parse("%4611686018427387904\r\n", limits: limits) }
        #expect(throws: RESPError.self) { try parse("+" + String(repeating: "a", count: 65), chunk: 1, limits: limits) }
        let bulk = "$100\r\n" + String(repeating: "a", count: 100) + "\r\n"
        #expect(throws: RESPError.self) { try parse("*3\r\n" + bulk + bulk + bulk, limits: limits) }
        // Attributes without a value stay in the count; whole values begin anew.
        #expect(throws: RESPError.self) {
            try parse(String(repeating: "|1\r\n+a\r\n+b\r\n", count: 40), limits: limits)
        }
        #expect(try parse(String(repeating: "*2\r\n:1\r\n:2\r\n", count: 40), limits: limits).count == 40)
    }

    @Test("Random bytes and random damage never do worse than an error, and pieces change nothing")
    func fuzz() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("RESP fuzz seed: \(seed)")
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("+-:$*%~>|_#,(=!0123456789tf?\r\n".utf8)
        for _ in 0..<3_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes += Array(Self.samples.randomElement(using: &generator)?.0.utf8 ?? "".utf8)
            }
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[index] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            let whole = Result { try Self.parse(bytes) { $0 } }
            let pieces = Result { try Self.parse(bytes) { Int.random(in: 1...max(1, $0), using: &generator) } }
            switch (whole, pieces) {
            case (.success(let left), .success(let right)):
                // By text: not-a-number is not equal to itself.
                #expect("\(left)" == "\(right)", "seed \(seed)")
            case (.failure(let left), .failure(let right)): #expect("\(left)" == "\(right)", "seed \(seed)")
            default: Issue.record("seed \(seed): \(whole) and \(pieces)")
            }
        }
    }

    @Test("Commands are arrays of bulk strings, whatever bytes are in them")
    func commands() throws {
        var buffer = ByteBuffer()
        RedisCommand("SET", ["k\r\n", .bytes([0, 13, 10]), .integer(-5), .text("é")]).encode(into: &buffer)
        let values = try Self.parse(Array(buffer.readableBytesView)) { $0 }
        #expect(
            values == [
                .array([
                    .bulkString(Array("SET".utf8)), .bulkString(Array("k\r\n".utf8)), .bulkString([0, 13, 10]),
                    .bulkString(Array("-5".utf8)), .bulkString(Array("é".utf8)),
                ])
            ])
    }
}
