/// An `.env` file: `NAME=VALUE` lines, as python-dotenv and docker compose read them.
///
/// - `export ` may stand before a name, `#` begins a comment on a line of its own or after white space.
/// - A value in single quotes is taken as it is, one in double quotes knows `\n`, `\r`, `\t`, `\\`, `\"` and `\$`; both may span
///   lines. Without quotes it ends at a comment or the end of the line.
/// - Nothing is expanded: neither `$NAME` nor `$(command)`.
struct DotEnvFile: Sendable, Equatable {
    /// One value and the line on which it begins, from 1.
    struct Entry: Sendable, Equatable {
        let value: String
        let line: Int
    }

    /// What is wrong and where.
    struct Failure: Error, Equatable {
        let line: Int
        let reason: String
    }

    private(set) var entries: [String: Entry] = [:]

    /// Reads the text of a file; a name that occurs twice has its last value.
    init(parsing text: String) throws(Failure) {
        var scanner = Scanner(text)
        while let (name, entry) = try scanner.next() { entries[name] = entry }
    }
}

extension DotEnvFile {
    private struct Scanner {
        private let characters: [Character]
        private var index = 0
        private var line = 1

        init(_ text: String) {
            // A byte order mark is what some editors begin with.
            let text = text.first == "\u{FEFF}" ? text.dropFirst() : text[...]
            characters = text.map { $0 == "\r\n" ? "\n" : $0 }
        }

        private var current: Character? { index < characters.count ? characters[index] : nil }

        private mutating func advance() {
            if current == "\n" { line += 1 }
            index += 1
        }

        private mutating func skip(while condition: (Character) -> Bool) {
            while let character = current, condition(character) { advance() }
        }

        private mutating func skipBlanks() {
            skip { $0 == " " || $0 == "\t" }
        }

        mutating func next() throws(Failure) -> (String, Entry)? {
            while true {
                skip { $0.isWhitespace }
                guard current == "#" else { break }
                skip { $0 != "\n" }
            }
            guard current != nil else { return nil }
            let start = line
            var name = word()
            if name == "export", current == " " || current == "\t" {
                skipBlanks()
                name = word()
            }
            guard let first = name.first, first.isLetter || first == "_" else {
                throw Failure(line: start, reason: "must be NAME=VALUE")
            }
            skipBlanks()
            guard current == "=" else { throw Failure(line: start, reason: "has no = after \(name)") }
            advance()
            skipBlanks()
            return (name, Entry(value: try value(of: name), line: start))
        }

        private mutating func word() -> String {
            let start = index
            skip { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            return String(characters[start..<index])
        }

        private mutating func value(of name: String) throws(Failure) -> String {
            guard let quote = current, quote == "'" || quote == "\"" else { return plainValue() }
            let start = line
            advance()
            var value = ""
            while let character = current, character != quote {
                if character == "\\", quote == "\"" {
                    advance()
                    value += escaped()
                } else {
                    value.append(character)
                    advance()
                }
            }
            guard current == quote else {
                throw Failure(line: start, reason: "has no closing \(quote) after the value of \(name)")
            }
            advance()
            skipBlanks()
            if current == "#" { skip { $0 != "\n" } }
            guard current == nil || current == "\n" else {
                throw Failure(line: line, reason: "has more text after the closing \(quote) of \(name)")
            }
            return value
        }

        /// What a backslash and the character after it stand for; an unknown pair stands for itself.
        private mutating func escaped() -> String {
            guard let character = current else { return "\\" }
            advance()
            return switch character {
            case "n": "\n"
            case "r": "\r"
            case "t": "\t"
            case "\\", "\"", "$": String(character)
            default: "\\\(character)"
            }
        }

        private mutating func plainValue() -> String {
            var value = ""
            var isAfterBlank = true
            while let character = current, character != "\n" {
                if character == "#", isAfterBlank {
                    skip { $0 != "\n" }
                    break
                }
                isAfterBlank = character == " " || character == "\t"
                value.append(character)
                advance()
            }
            return value.trimmed
        }
    }
}
