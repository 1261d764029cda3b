/// The members of an object. Of two under one name the later one counts.
enum JSONMembers {
    case tape(JSONTape, Int)
    /// The same with a table of the places, for an object of many members.
    case table(JSONTape, Int, [String: Int])
    case value([String: JSONValue], JSONCodingPath)

    /// Up to so many members, looking at each is faster than making a table.
    private static let few = 16

    init(_ tape: JSONTape, _ index: Int) {
        let count = tape.memberCount(of: index)
        guard count > Self.few else {
            self = .tape(tape, index)
            return
        }
        var places: [String: Int] = .init(minimumCapacity: count)
        for name in tape.memberNames(of: index) { places[tape.text(name)] = name + 1 }
        self = .table(tape, index, places)
    }

    /// Where the object is.
    var path: [any CodingKey] {
        switch self {
        case .tape(let tape, let index), .table(let tape, let index, _): tape.path(to: index)
        case .value(_, let path): path.keys
        }
    }

    subscript(_ name: String) -> JSONNode? {
        switch self {
        case .tape(let tape, let index): tape.member(name, of: index).map { .tape(tape, $0) }
        case .table(let tape, _, let places): places[name].map { .tape(tape, $0) }
        case .value(let members, let path): members[name].map { .value($0, in: path, key: .name(name)) }
        }
    }

    /// All of them; of a tape in the order of the text.
    var all: [(name: String, node: JSONNode)] {
        switch self {
        case .tape(let tape, let index), .table(let tape, let index, _):
            tape.memberNames(of: index).map { (tape.text($0), .tape(tape, $0 + 1)) }
        case .value(let members, let path):
            members.map { ($0.key, .value($0.value, in: path, key: .name($0.key))) }
        }
    }
}

/// The items of an array, one after another.
struct JSONItems {
    private enum Source {
        case tape(JSONTape, Int, next: Int)
        case value([JSONValue], JSONCodingPath)
    }

    private var source: Source
    let count: Int
    private(set) var currentIndex = 0

    init(_ tape: JSONTape, _ index: Int) {
        source = .tape(tape, index, next: index + 1)
        let end = tape.after(index)
        var (count, item) = (0, index + 1)
        while item < end { (count, item) = (count + 1, tape.after(item)) }
        self.count = count
    }

    init(_ items: [JSONValue], _ path: JSONCodingPath) {
        (source, count) = (.value(items, path), items.count)
    }

    /// Where the array is.
    var path: [any CodingKey] {
        switch source {
        case .tape(let tape, let index, next: _): tape.path(to: index)
        case .value(_, let path): path.keys
        }
    }

    var isAtEnd: Bool { currentIndex >= count }

    /// The item at the current index.
    var current: JSONNode? {
        guard !isAtEnd else { return nil }
        return switch source {
        case .tape(let tape, _, let next): .tape(tape, next)
        case .value(let items, let path): .value(items[currentIndex], in: path, key: .index(currentIndex))
        }
    }

    mutating func advance() {
        guard !isAtEnd else { return }
        currentIndex += 1
        if case .tape(let tape, let index, let next) = source {
            source = .tape(tape, index, next: tape.after(next))
        }
    }
}
