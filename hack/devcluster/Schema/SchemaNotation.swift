import K8sClient

/// Reads the short notation in which the built-in types are written.
///
/// A line names a type and its fields, `Type: field type; field type`, and continues on lines that begin with a space;
/// `@` after the name makes the type atomic. A field's name is followed by `#` and its number in protobuf (`2.6` is field 6
/// of the message that only protobuf has as field 2) and by `!` when it is required; its type by `=value` when it has a
/// default. Types are `s` string, `i` and `l` integers of 32 and 64 bits, `n` number, `b` boolean,
/// `t` and `u` times to the second and the microsecond, `y` base64, `q` quantity, `x` integer or string, `*` anything, the
/// name of another type, `{T}` a map (atomic with `@`) and `[T]` a list: atomic alone, a set with `:=`, a map by keys
/// with `:key,key`; `~key` is the key of a strategic merge patch where it is another one, `~=` a merge of scalars.
struct SchemaNotation {
    private struct Definition {
        var isAtomic: Bool
        var fields: Substring
    }

    private var definitions: [String: Definition] = [:]
    private var built: [String: Schema] = [:]
    private var building: Set<String> = []

    init(_ texts: [String]) {
        for text in texts {
            var joined: [String] = []
            for line in text.split(separator: "\n") {
                if line.hasPrefix(" "), let last = joined.indices.last {
                    joined[last] += " " + line.drop(while: { $0 == " " })
                } else {
                    joined.append(String(line))
                }
            }
            for line in joined {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let head = line[..<colon].split(separator: " ")
                guard let name = head.first else { continue }
                definitions[String(name)] = Definition(
                    isAtomic: head.count > 1, fields: line[line.index(after: colon)...])
            }
        }
    }

    /// The schema of a type; anything for a name that no line defines, and for a type within itself.
    mutating func schema(_ name: String) -> Schema {
        if let schema = built[name] { return schema }
        guard let definition = definitions[name], building.insert(name).inserted else { return .any }
        defer { building.remove(name) }
        var properties: [String: Schema] = [:]
        var required: [String] = []
        var numbers: [[Int]: String] = [:]
        for field in definition.fields.split(separator: ";") {
            let words = field.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            let isRequired = words[0].last == "!"
            let parts = (isRequired ? words[0].dropLast() : words[0]).split(separator: "#")
            guard let fieldName = parts.first.map({ String($0) }) else { continue }
            if isRequired { required.append(fieldName) }
            if parts.count > 1 { numbers[parts[1].split(separator: ".").compactMap { Int($0) }] = fieldName }
            properties[fieldName] = type(words[1])
        }
        let schema = Schema(
            .object, typeName: name, properties: properties, required: required, isAtomicMap: definition.isAtomic,
            fieldNumbers: numbers
        )
        built[name] = schema
        return schema
    }

    private mutating func type(_ text: Substring) -> Schema {
        if let equals = text.lastIndex(of: "="), text.first != "[" {
            return type(text[..<equals]).with(defaultValue: .string(String(text[text.index(after: equals)...])))
        }
        switch text.first {
        case "[":
            guard let close = text.lastIndex(of: "]") else { return .any }
            let items = type(text[text.index(after: text.startIndex)..<close])
            return list(of: items, suffix: text[text.index(after: close)...])
        case "{":
            guard let close = text.lastIndex(of: "}") else { return .any }
            return Schema(
                .object, additionalProperties: type(text[text.index(after: text.startIndex)..<close]),
                isAtomicMap: text.last == "@")
        default:
            return scalar(text) ?? schema(String(text))
        }
    }

    private func list(of items: Schema, suffix: Substring) -> Schema {
        let halves = suffix.split(separator: "~", omittingEmptySubsequences: false)
        let keys = halves[0].dropFirst()
        var listType = Schema.ListType.atomic
        var mergeKey: String?
        if keys == "=" {
            listType = .set
            mergeKey = ""
        } else if !keys.isEmpty {
            let names = keys.split(separator: ",").map { String($0) }
            listType = .map(keys: names)
            if names.count == 1 { mergeKey = names[0] }
        }
        if halves.count > 1 { mergeKey = halves[1] == "=" ? "" : String(halves[1]) }
        return Schema(.array, items: items, listType: listType, patchMergeKey: mergeKey)
    }

    private func scalar(_ text: Substring) -> Schema? {
        switch text {
        case "s": Schema(.string)
        case "i": Schema(.integer, format: "int32")
        case "l": Schema(.integer, format: "int64")
        case "n": Schema(.number)
        case "b": Schema(.boolean)
        case "t": Schema(.string, format: "date-time")
        case "u": Schema(.string, format: "micro-time")
        case "y": Schema(.string, format: "byte")
        case "q": Schema(.quantity)
        case "x": Schema(.intOrString)
        case "*": .any
        default: nil
        }
    }
}
