/// Reads the text form of a label selector: `app=web,tier in (a,b),!old`.
struct LabelSelectorParser {
    private enum Token: Hashable {
        case word(String)
        case symbol(String)
        case end

        var text: String {
            switch self {
            case .word(let text), .symbol(let text): text
            case .end: ""
            }
        }
    }

    private var tokens: [Token] = []
    private var position = 0

    /// - Throws: a refusal in the words of the API server's own parser.
    static func parse(_ text: String) throws(StatusError) -> LabelSelector {
        var parser = LabelSelectorParser(text)
        return try parser.selector()
    }

    private init(_ text: String) {
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if character.isWhitespace {
                index += 1
                continue
            }
            if "()!=,<>".contains(character) {
                var symbol = String(character)
                if index + 1 < characters.count, ["==", "!="].contains(symbol + String(characters[index + 1])) {
                    symbol.append(characters[index + 1])
                    index += 1
                }
                tokens.append(.symbol(symbol))
                index += 1
                continue
            }
            var word = ""
            while index < characters.count, !characters[index].isWhitespace, !"()!=,<>".contains(characters[index]) {
                word.append(characters[index])
                index += 1
            }
            tokens.append(.word(word))
        }
    }

    private var token: Token { position < tokens.count ? tokens[position] : .end }

    private func unexpected(_ expected: String) -> StatusError {
        .badRequest("found '\(token.text)', expected: \(expected)")
    }

    private mutating func selector() throws(StatusError) -> LabelSelector {
        var selector = LabelSelector.everything
        while token != .end {
            selector.requirements.append(try requirement())
            if token == .end { break }
            guard token == .symbol(",") else { throw unexpected("',' or 'end of string'") }
            position += 1
            if token == .end { throw unexpected("identifier after ','") }
        }
        return selector
    }

    private mutating func requirement() throws(StatusError) -> LabelSelector.Requirement {
        var isNegated = false
        if token == .symbol("!") {
            isNegated = true
            position += 1
        }
        guard case .word(let key) = token else { throw unexpected("!, identifier, or 'end of string'") }
        position += 1
        if let problem = Names.problems(ofQualifiedName: key).first {
            throw .badRequest("key: Invalid value: \(quoted(key)): \(problem)")
        }
        if isNegated { return LabelSelector.Requirement(key: key, operation: .doesNotExist) }
        let operation = token
        switch operation {
        case .end, .symbol(","):
            return LabelSelector.Requirement(key: key, operation: .exists)
        case .symbol("="), .symbol("=="):
            position += 1
            return LabelSelector.Requirement(key: key, operation: .in([value()]))
        case .symbol("!="):
            position += 1
            return LabelSelector.Requirement(key: key, operation: .notIn([value()]))
        case .symbol("<"), .symbol(">"):
            position += 1
            let bound = value()
            guard let number = Int(bound) else {
                throw .badRequest(
                    "values[0]: Invalid value: \(quoted(bound)): for 'Gt', 'Lt' operators, the value must be an integer"
                )
            }
            return LabelSelector.Requirement(
                key: key, operation: operation == .symbol("<") ? .less(number) : .greater(number))
        case .word("in"):
            position += 1
            return LabelSelector.Requirement(key: key, operation: .in(try values()))
        case .word("notin"):
            position += 1
            return LabelSelector.Requirement(key: key, operation: .notIn(try values()))
        default:
            throw unexpected("in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func value() -> String {
        guard case .word(let value) = token else { return "" }
        position += 1
        return value
    }

    private mutating func values() throws(StatusError) -> Set<String> {
        guard token == .symbol("(") else { throw unexpected("'('") }
        position += 1
        var values: Set<String> = []
        while true {
            switch token {
            case .word(let value):
                values.insert(value)
                position += 1
            case .symbol(","):
                if values.isEmpty { values.insert("") }
                position += 1
            case .symbol(")"):
                position += 1
                return values
            default:
                throw unexpected("',', ')' or identifier")
            }
        }
    }
}
