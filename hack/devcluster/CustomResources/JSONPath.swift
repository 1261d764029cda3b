import K8sClient

/// The part of JSONPath that printer columns and scale paths use: members, indexes, `[*]` and filters by equality.
struct JSONPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        case every
        case filter(path: [String], operation: String, value: JSONValue)
        case exists(path: [String])
    }

    struct SyntaxError: Error, Hashable { let message: String }

    private var steps: [Step] = []

    init(_ text: String) throws(SyntaxError) {
        var rest = text[...]
        if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
        if rest.hasPrefix("$") { rest = rest.dropFirst() }
        while let character = rest.first {
            switch character {
            case ".":
                rest = rest.dropFirst()
                if rest.first == "[" { continue }
                var name = ""
                while let next = rest.first, next != ".", next != "[" {
                    rest = rest.dropFirst()
                    if next == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(next) }
                }
                guard !name.isEmpty else { throw SyntaxError(message: "a member's name is missing in \(text)") }
                steps.append(name == "*" ? .every : .member(name))
            case "[":
                guard let close = Self.closing(rest) else {
                    throw SyntaxError(message: "unterminated array in \(text)")
                }
                steps.append(try Self.bracket(rest[rest.index(after: rest.startIndex)..<close]))
                rest = rest[rest.index(after: close)...]
            default:
                throw SyntaxError(message: "unexpected \(character) in \(text)")
            }
        }
    }

    /// The bracket that closes the first one, quotes and brackets within it apart.
    private static func closing(_ text: Substring) -> Substring.Index? {
        var depth = 0
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "\"", "'": quote = character
            case "[": depth += 1
            case "]":
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return nil
    }

    private static func bracket(_ text: Substring) throws(SyntaxError) -> Step {
        if text == "*" { return .every }
        if let index = Int(text) { return .index(index) }
        if text.first == "'" || text.first == "\"" { return .member(String(text.dropFirst().dropLast())) }
        guard text.hasPrefix("?("), text.hasSuffix(")") else { throw SyntaxError(message: "unsupported [\(text)]") }
        let condition = text.dropFirst(2).dropLast()
        for operation in ["==", "!=", ">=", "<=", ">", "<"] {
            guard let range = condition.firstRange(of: operation) else { continue }
            let path = try path(condition[..<range.lowerBound])
            return .filter(path: path, operation: operation, value: literal(condition[range.upperBound...]))
        }
        return .exists(path: try path(condition))
    }

    private static func path(_ text: Substring) throws(SyntaxError) -> [String] {
        let trimmed = text.filter { !$0.isWhitespace }
        guard trimmed.hasPrefix("@.") else { throw SyntaxError(message: "a filter begins with @.: \(text)") }
        return trimmed.dropFirst(2).split(separator: ".").map { String($0) }
    }

    private static func literal(_ text: Substring) -> JSONValue {
        let trimmed = String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        if let first = trimmed.first, first == "'" || first == "\"" {
            return .string(String(trimmed.dropFirst().dropLast()))
        }
        if let value = try? JSONValue(parsing: trimmed) { return value }
        return .string(trimmed)
    }

    /// Everything that the path leads to.
    func values(in value: JSONValue) -> [JSONValue] {
        var found = [value]
        for step in steps { found = found.flatMap { Self.follow(step, from: $0) } }
        return found
    }

    private static func follow(_ step: Step, from value: JSONValue) -> [JSONValue] {
        switch step {
        case .member(let name): return value[name].map { [$0] } ?? []
        case .index(let index):
            guard let items = value.array else { return [] }
            let position = index < 0 ? items.count + index : index
            return items.indices.contains(position) ? [items[position]] : []
        case .every:
            if let items = value.array { return items }
            return (value.object ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        case .exists(let path):
            return (value.array ?? []).filter { $0[path: path[...]] != nil }
        case .filter(let path, let operation, let expected):
            return (value.array ?? []).filter { item in
                item[path: path[...]].map { compare($0, operation, expected) } ?? false
            }
        }
    }

    private static func compare(_ value: JSONValue, _ operation: String, _ expected: JSONValue) -> Bool {
        switch operation {
        case "==": return value == expected
        case "!=": return value != expected
        default:
            guard let left = value.double, let right = expected.double else { return false }
            switch operation {
            case ">=": return left >= right
            case "<=": return left <= right
            case ">": return left > right
            default: return left < right
            }
        }
    }

    /// The members that the path names one after another, when it has nothing else in it.
    var plainMembers: [String]? {
        var names: [String] = []
        for step in steps {
            guard case .member(let name) = step else { return nil }
            names.append(name)
        }
        return names
    }
}
