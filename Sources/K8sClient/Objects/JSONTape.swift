/// A document whose syntax has been checked and of which little has been made yet: a flat list of its parts, in the order of the text.
///
/// A type that is decoded from it makes its own strings and no others, where a `JSONValue` would first make a dictionary of every
/// object on the way.
final class JSONTape: Sendable {
    /// One part: 16 bytes, so that a document's parts are about as large as its text.
    struct Part {
        enum Kind: UInt8 {
            case object, array
            /// Its characters stand in the text as they are.
            case string
            /// It had escapes, or is one of the names that are kept; `next` is its place in `strings`.
            case madeString
            /// A literal, a number, or what was made before; `next` is its place in `values`.
            case value
        }

        let kind: Kind
        /// Of a string: where its text begins, and how many bytes of UTF-8 it has.
        let start: UInt32
        let count: UInt32
        /// Of an object and an array: the part after all that is inside.
        var next: UInt32
    }

    struct Parts {
        var all: [Part] = []
        var strings: [String] = []
        var values: [JSONValue] = []

        mutating func begin(_ kind: Part.Kind) -> Int {
            all.append(Part(kind: kind, start: 0, count: 0, next: 0))
            return all.count - 1
        }

        /// An object or array that was begun is whole.
        mutating func end(_ index: Int) { all[index].next = UInt32(truncatingIfNeeded: all.count) }

        mutating func add(_ text: Range<Int>) {
            all.append(
                Part(
                    kind: .string, start: UInt32(truncatingIfNeeded: text.lowerBound),
                    count: UInt32(truncatingIfNeeded: text.count), next: 0))
        }

        mutating func add(_ string: String) {
            let place = UInt32(truncatingIfNeeded: strings.count)
            let count = UInt32(truncatingIfNeeded: string.utf8.count)
            all.append(Part(kind: .madeString, start: 0, count: count, next: place))
            strings.append(string)
        }

        mutating func add(_ value: JSONValue) {
            all.append(Part(kind: .value, start: 0, count: 0, next: UInt32(truncatingIfNeeded: values.count)))
            values.append(value)
        }
    }

    private let bytes: [UInt8]
    private let parts: [Part]
    private let strings: [String]
    private let values: [JSONValue]

    /// Reads one JSON document with nothing but white space around it.
    /// - Parameter memory: what earlier documents like it had.
    /// - Throws: `JSONSyntaxError` for whatever `JSONValue(parsing:)` refuses, and for 4 GiB and more.
    init(parsing bytes: [UInt8], memory: inout JSONMemory) throws(JSONSyntaxError) {
        guard bytes.count < UInt32.max else { throw JSONSyntaxError(offset: 0, reason: "the document is too long") }
        var parser = JSONParser()
        swap(&parser.memory, &memory)
        defer { swap(&parser.memory, &memory) }
        var parts = Parts()
        // API objects have a part for about every 16 bytes.
        parts.all.reserveCapacity(bytes.count / 16 + 1)
        try parser.tape(bytes.span, &parts)
        self.bytes = bytes
        (self.parts, strings, values) = (parts.all, parts.strings, parts.values)
    }

    /// Reads a document of which nothing is known.
    convenience init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var memory = JSONMemory()
        memory.names.isUsed = bytes.count >= JSONNames.worthwhileBytes
        try self.init(parsing: bytes, memory: &memory)
    }
}

extension JSONTape {
    func kind(_ index: Int) -> Part.Kind { parts[index].kind }

    /// The part after a value and all that is inside it.
    func after(_ index: Int) -> Int { Self.after(index, parts[index]) }

    private static func after(_ index: Int, _ part: Part) -> Int {
        switch part.kind {
        case .object, .array: Int(part.next)
        case .string, .madeString, .value: index + 1
        }
    }

    /// The text of a string.
    func text(_ index: Int) -> String {
        let part = parts[index]
        guard part.kind == .string else { return strings[Int(part.next)] }
        let (bytes, start) = (bytes, Int(part.start))
        // The parser has looked at every byte of it.
        return String(copying: UTF8Span(unchecked: bytes.span.extracting(start..<start + Int(part.count))))
    }

    /// The value that begins with a part.
    func value(_ index: Int) -> JSONValue {
        switch kind(index) {
        case .string, .madeString: return .string(text(index))
        case .value: return values[Int(parts[index].next)]
        case .object:
            var members: [String: JSONValue] = [:]
            for name in memberNames(of: index) { members[text(name)] = value(name + 1) }
            return .object(members)
        case .array:
            var items: [JSONValue] = []
            var item = index + 1
            while item < after(index) {
                items.append(value(item))
                item = after(item)
            }
            return .array(items)
        }
    }

    /// The names of an object's members; each one's value is the part after it.
    func memberNames(of index: Int) -> [Int] {
        var names: [Int] = []
        let end = after(index)
        var name = index + 1
        while name < end {
            names.append(name)
            name = after(name + 1)
        }
        return names
    }

    /// How many members an object has; those of one name count each.
    func memberCount(of index: Int) -> Int {
        let end = after(index)
        var (count, name) = (0, index + 1)
        while name < end { (count, name) = (count + 1, after(name + 1)) }
        return count
    }

    /// The value of an object's member. Of two under one name the later one counts.
    func member(_ name: String, of index: Int) -> Int? {
        let (parts, bytes) = (parts, bytes)
        let wanted = name.utf8Span.span
        let end = Self.after(index, parts[index])
        var found: Int?
        var next = index + 1
        while next < end {
            let part = parts[next]
            if Int(part.count) == wanted.count {
                let isSame =
                    part.kind == .string
                    ? bytes.span.extracting(Int(part.start)..<Int(part.start) + wanted.count).hasSameBytes(as: wanted)
                    : strings[Int(part.next)] == name
                if isSame { found = next + 1 }
            }
            next = Self.after(next + 1, parts[next + 1])
        }
        return found
    }

    /// Where in the document a value is.
    func path(to index: Int) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var outer = 0
        search: while outer != index {
            let isObject = kind(outer) == .object
            var child = outer + 1
            var position = 0
            while child < after(outer) {
                let value = isObject ? child + 1 : child
                if after(value) > index {
                    keys.append(isObject ? JSONKey.name(text(child)) : JSONKey.index(position))
                    outer = value
                    continue search
                }
                child = after(value)
                position += 1
            }
            break
        }
        return keys
    }
}
