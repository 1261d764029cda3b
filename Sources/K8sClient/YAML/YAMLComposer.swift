/// Builds documents from parser events: anchors, merge keys, duplicate keys, scalar types.
struct YAMLComposer {
    /// What all aliases of a stream together may expand to: far above any manifest, far below what hurts.
    private static let maximumAliasedNodes = 100_000
    private static let maximumDepth = 256

    private let parser: YAMLEventParser
    private var anchors: [String: (value: JSONValue, nodes: Int)] = [:]
    private var aliasedNodes = 0
    /// How many nodes have been built; the difference over a node is that node's size.
    private var nodes = 0

    private let booleans: YAMLScalar.Booleans

    init(parser: YAMLEventParser, booleans: YAMLScalar.Booleans = .words) {
        self.parser = parser
        self.booleans = booleans
    }

    mutating func documents() throws(YAML.SyntaxError) -> [YAML.Document] {
        var documents: [YAML.Document] = []
        while true {
            let event = try parser.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let first = try parser.next()
                let value = try node(first, depth: 0)
                if !value.isNull { documents.append(YAML.Document(value: value, line: first.line)) }
            default: continue
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAML.SyntaxError) -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw error(event, "nested deeper than \(Self.maximumDepth) levels")
        }
        let before = nodes
        nodes += 1
        switch event.kind {
        case .scalar(let text, let anchor, let isPlain, let tag):
            let value = try scalar(text, isPlain: isPlain, tag: tag, event)
            remember(anchor, value, since: before)
            return value
        case .alias(let name):
            guard let (value, count) = anchors[name] else { throw error(event, "no anchor is named \(name)") }
            aliasedNodes += count
            nodes += count
            guard aliasedNodes <= Self.maximumAliasedNodes else {
                throw error(event, "aliases expand to more than \(Self.maximumAliasedNodes) values")
            }
            return value
        case .sequenceStart(let anchor):
            var items: [JSONValue] = []
            while true {
                let next = try parser.next()
                if case .sequenceEnd = next.kind { break }
                items.append(try node(next, depth: depth + 1))
            }
            remember(anchor, .array(items), since: before)
            return .array(items)
        case .mappingStart(let anchor):
            let value = JSONValue.object(try mapping(depth: depth))
            remember(anchor, value, since: before)
            return value
        default:
            throw error(event, "a value is missing")
        }
    }

    private mutating func mapping(depth: Int) throws(YAML.SyntaxError) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        var merged: [String: JSONValue] = [:]
        while true {
            let keyEvent = try parser.next()
            if case .mappingEnd = keyEvent.kind { break }
            let isMerge = if case .scalar("<<", _, isPlain: true, _) = keyEvent.kind { true } else { false }
            let key = try key(try node(keyEvent, depth: depth + 1), keyEvent)
            let valueEvent = try parser.next()
            let value = try node(valueEvent, depth: depth + 1)
            if isMerge {
                merged.merge(try mergeSource(value, valueEvent)) { first, _ in first }
            } else if members.updateValue(value, forKey: key) != nil {
                throw error(keyEvent, "the key \"\(key)\" stands twice")
            }
        }
        return members.merging(merged) { own, _ in own }
    }

    /// What `<<` brings in: a mapping, or several of which the earlier one wins.
    private func mergeSource(_ value: JSONValue, _ event: YAMLEvent) throws(YAML.SyntaxError) -> [String: JSONValue] {
        if case .object(let members) = value { return members }
        guard case .array(let items) = value else { throw error(event, "<< needs a mapping") }
        var merged: [String: JSONValue] = [:]
        for item in items {
            guard case .object(let members) = item else { throw error(event, "<< needs a mapping") }
            merged.merge(members) { first, _ in first }
        }
        return merged
    }

    private func key(_ value: JSONValue, _ event: YAMLEvent) throws(YAML.SyntaxError) -> String {
        switch value {
        case .string(let text): text
        case .null, .bool, .integer, .double:
            // JSON's keys are strings: the text as it stands in the document.
            if case .scalar(let text, _, _, _) = event.kind { text } else { value.jsonText }
        case .array, .object: throw error(event, "a key must be a scalar")
        }
    }

    private func scalar(
        _ text: String, isPlain: Bool, tag: String?, _ event: YAMLEvent
    ) throws(YAML.SyntaxError) -> JSONValue {
        switch tag {
        case nil: isPlain ? YAMLScalar.resolve(text, booleans) : .string(text)
        case "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary": .string(text)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            YAMLScalar.resolve(text, booleans)
        case let tag?: throw error(event, "the tag \(tag) is not known")
        }
    }

    private mutating func remember(_ anchor: String?, _ value: JSONValue, since before: Int) {
        if let anchor { anchors[anchor] = (value, nodes - before) }
    }

    private func error(_ event: YAMLEvent, _ reason: String) -> YAML.SyntaxError {
        YAML.SyntaxError(line: event.line, column: event.column, reason: reason)
    }
}
