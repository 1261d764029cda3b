/// Cuts SQL text that comes in pieces into statements, as SQLite's grammar does: at semicolons outside quotes, comments and the
/// bodies of triggers.
struct SQLStatementSplitter {
    private enum Place {
        case code
        case quote(UInt8)
        /// `--` to the end of the line.
        case lineComment
        /// `length` counts the bytes after its beginning: in "/*/" the star is not its end's.
        case blockComment(length: Int)
    }

    private enum Clause {
        case empty, end, other
    }

    private var statement: [UInt8] = []
    private var place = Place.code
    private var previous: UInt8 = 0
    private var word: [UInt8] = []
    /// The statement's first words, which tell whether it makes a trigger.
    private var words: [String] = []
    /// What there is since the last semicolon: a trigger's body ends with a clause that is END alone.
    private var clause = Clause.empty
    private var isInTrigger = false

    /// Takes one piece, and gives each statement that ends in it, with its semicolon.
    mutating func add(_ piece: UnsafeRawBufferPointer, _ body: (String) throws -> Void) rethrows {
        for byte in piece {
            if statement.isEmpty, case .code = place, Self.isSpace(byte) { continue }
            statement.append(byte)
            if takes(byte) {
                try body(String(decoding: statement, as: UTF8.self))
                reset()
            }
        }
    }

    /// Whether the text ended in the middle of a statement; comments do not count.
    var isInsideStatement: Bool { !words.isEmpty || !word.isEmpty }

    /// - Returns: Whether the statement ends with this byte.
    private mutating func takes(_ byte: UInt8) -> Bool {
        defer { previous = byte }
        switch place {
        case .quote(let end):
            // A doubled quote ends and begins again, which comes to the same.
            if byte == end { place = .code }
        case .lineComment:
            if byte == UInt8(ascii: "\n") { place = .code }
        case .blockComment(let length):
            let isEnd = byte == UInt8(ascii: "/") && previous == UInt8(ascii: "*") && length > 0
            place = isEnd ? .code : .blockComment(length: length + 1)
        case .code: return takesCode(byte)
        }
        return false
    }

    private mutating func takesCode(_ byte: UInt8) -> Bool {
        if Self.isWord(byte) {
            word.append(byte)
            return false
        }
        endWord()
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): place = .quote(byte)
        case UInt8(ascii: "["): place = .quote(UInt8(ascii: "]"))
        case UInt8(ascii: "-") where previous == UInt8(ascii: "-"): place = .lineComment
        case UInt8(ascii: "*") where previous == UInt8(ascii: "/"):
            place = .blockComment(length: 0)
        case UInt8(ascii: ";"):
            defer { clause = .empty }
            return !isInTrigger || clause == .end
        default:
            // The beginnings of comments are not known as such yet; operators never stand at a clause's beginning or after END.
            break
        }
        if case .quote = place { clause = .other }
        return false
    }

    private mutating func endWord() {
        guard !word.isEmpty else { return }
        let text = String(decoding: word, as: UTF8.self).uppercased()
        clause = clause == .empty && text == "END" ? .end : .other
        if words.count < 3 {
            words.append(text)
            let rest = words.dropFirst().filter { $0 != "TEMP" && $0 != "TEMPORARY" }
            isInTrigger = words.first == "CREATE" && rest.first == "TRIGGER"
        }
        word.removeAll(keepingCapacity: true)
    }

    private mutating func reset() {
        self = SQLStatementSplitter()
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: "_") || byte >= 0x80
    }
}
