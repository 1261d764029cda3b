import K8sClient

/// Objects walked beside their schema, as server-side apply sees them: which places they have, how two differ, how one
/// is merged into another.
///
/// Where the schema says nothing, maps are walked and lists are one place, as for fields of unknown type on a real server.
enum TypedWalk {
    enum Shape { case map, list, leaf }

    static func shape(_ value: JSONValue, _ schema: Schema?) -> Shape {
        switch value {
        case .object: schema?.isAtomicMap == true ? .leaf : .map
        case .array:
            switch schema?.listType ?? .atomic {
            case .atomic: .leaf
            case .set, .map: schema?.kind == .array ? .list : .leaf
            }
        default: .leaf
        }
    }

    /// The step to an item of a list that is not atomic.
    static func step(to item: JSONValue, _ list: Schema) -> String {
        guard case .map(let keys) = list.listType else { return "v:\(item.jsonText)" }
        var values: [String: JSONValue] = [:]
        for key in keys { values[key] = item[key] ?? list.items?.properties[key]?.defaultValue }
        return "k:\(JSONValue.object(values).jsonText)"
    }

    // MARK: The places of an object

    static func places(_ value: JSONValue, _ schema: Schema?) -> FieldSet { walk(value, schema).below }

    private static func walk(_ value: JSONValue, _ schema: Schema?) -> (below: FieldSet, isPlace: Bool) {
        var set = FieldSet()
        switch shape(value, schema) {
        case .leaf: return (set, true)
        case .map:
            for (name, member) in value.object ?? [:] {
                let (below, isPlace) = walk(member, schema?.member(name))
                let step = "f:" + name
                let isStructField = schema?.properties[name] != nil
                if isPlace || !isStructField || member.isNull || member.object?.isEmpty == true {
                    set.members.insert(step)
                }
                if !below.isEmpty { set.children[step] = below }
            }
        case .list:
            guard let schema else { return (set, true) }
            for item in value.array ?? [] {
                let step = step(to: item, schema)
                let below = walk(item, schema.items).below
                set.members.insert(step)
                if !below.isEmpty { set.children[step, default: FieldSet()].formUnion(below) }
            }
        }
        return (set, false)
    }

    // MARK: What differs

    /// The places in which two states of an object differ.
    struct Comparison {
        var added = FieldSet()
        var modified = FieldSet()
        var removed = FieldSet()

        var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

        fileprivate mutating func include(_ step: String, _ below: Comparison, _ change: Change?) {
            switch change {
            case .added: added.members.insert(step)
            case .modified: modified.members.insert(step)
            case .removed: removed.members.insert(step)
            case nil: break
            }
            if !below.added.isEmpty { added.children[step] = below.added }
            if !below.modified.isEmpty { modified.children[step] = below.modified }
            if !below.removed.isEmpty { removed.children[step] = below.removed }
        }
    }

    fileprivate enum Change { case added, modified, removed }

    static func compare(_ old: JSONValue, _ new: JSONValue, _ schema: Schema?) -> Comparison {
        difference(old, new, schema).below
    }

    private static func difference(_ old: JSONValue?, _ new: JSONValue?, _ schema: Schema?) -> (
        below: Comparison, own: Change?
    ) {
        let own: Change? = old == nil ? .added : new == nil ? .removed : nil
        let shapes = [old, new].compactMap { $0.map { shape($0, schema) } }
        guard let shape = shapes.first, shapes.allSatisfy({ $0 == shape }), shape != .leaf,
            !(old?.isEmpty ?? true && new?.isEmpty ?? true)
        else { return (Comparison(), own ?? (old == new ? nil : .modified)) }
        var result = Comparison()
        if shape == .map {
            let (before, after) = (old?.object ?? [:], new?.object ?? [:])
            each(before, after) { name, old, new in
                let (below, change) = difference(old, new, schema?.member(name))
                result.include("f:" + name, below, change)
            }
        } else if let schema {
            let (before, after) = (indexed(old, schema), indexed(new, schema))
            each(before, after) { step, old, new in
                let (below, change) = difference(old, new, schema.items)
                result.include(step, below, change)
            }
        }
        return (result, own)
    }

    /// Every member that two objects do not have alike.
    private static func each(
        _ before: [String: JSONValue], _ after: [String: JSONValue],
        _ body: (String, _ old: JSONValue?, _ new: JSONValue?) -> Void
    ) {
        for (name, new) in after {
            let old = before[name]
            if old != new { body(name, old, new) }
        }
        for (name, old) in before where after[name] == nil { body(name, old, nil) }
    }

    private static func indexed(_ list: JSONValue?, _ schema: Schema) -> [String: JSONValue] {
        Dictionary((list?.array ?? []).map { (step(to: $0, schema), $0) }, uniquingKeysWith: { $1 })
    }

    // MARK: Merging

    /// The live object with what a configuration says about it.
    static func merge(_ live: JSONValue?, _ config: JSONValue?, _ schema: Schema?) -> JSONValue? {
        guard let config else { return live }
        guard let live, shape(live, schema) == shape(config, schema) else { return config }
        switch shape(config, schema) {
        case .leaf: return config
        case .map:
            var members = live.object ?? [:]
            for (name, value) in config.object ?? [:] {
                members[name] = merge(members[name], value, schema?.member(name))
            }
            return .object(members)
        case .list:
            guard let schema else { return config }
            return .array(merge(live.array ?? [], config.array ?? [], schema))
        }
    }

    /// Merges lists of items that are told apart: the configuration's order rules among the items of both, the other live
    /// items stay behind those that they followed.
    private static func merge(_ live: [JSONValue], _ config: [JSONValue], _ schema: Schema) -> [JSONValue] {
        let liveSteps = live.map { step(to: $0, schema) }
        let configSteps = config.map { step(to: $0, schema) }
        let liveItems = Dictionary(zip(liveSteps, live), uniquingKeysWith: { $1 })
        let configItems = Dictionary(zip(configSteps, config), uniquingKeysWith: { $1 })
        var shared = configSteps.filter { liveItems[$0] != nil }[...]
        var nextShared = shared.popFirst()
        var merged: Set<String> = []
        var result: [JSONValue] = []
        var (liveIndex, configIndex) = (0, 0)
        while liveIndex < live.count || configIndex < config.count {
            if liveIndex < live.count, configIndex < config.count {
                let step = liveSteps[liveIndex]
                if step == configSteps[configIndex] {
                    merged.insert(step)
                    if let item = merge(liveItems[step], configItems[step], schema.items) { result.append(item) }
                    liveIndex += 1
                    configIndex += 1
                    nextShared = shared.popFirst()
                    continue
                }
                if configItems[step] != nil, let nextShared, nextShared != step {
                    liveIndex += 1
                    continue
                }
            }
            if liveIndex < live.count {
                let step = liveSteps[liveIndex]
                if configItems[step] == nil {
                    result.append(live[liveIndex])
                    liveIndex += 1
                    continue
                }
                if merged.contains(step) {
                    liveIndex += 1
                    continue
                }
            }
            if configIndex < config.count {
                let step = configSteps[configIndex]
                merged.insert(step)
                if let item = merge(liveItems[step], configItems[step], schema.items) { result.append(item) }
                configIndex += 1
                if nextShared == step { nextShared = shared.popFirst() }
            }
        }
        return result
    }

    // MARK: Taking out

    /// The object without the places of a set; what is left empty by that goes as well, but for a struct that is not in the
    /// set itself: that it is there says something, `backup: {}` as well as `emptyDir: {}`.
    static func removing(_ set: FieldSet, from value: JSONValue, _ schema: Schema?) -> JSONValue? {
        switch shape(value, schema) {
        case .leaf: return value
        case .map:
            guard let members = value.object, !members.isEmpty else { return value }
            var result: [String: JSONValue] = [:]
            for (name, member) in members {
                let step = "f:" + name
                if set.members.contains(step) { continue }
                if let below = set.children[step] {
                    result[name] = removing(below, from: member, schema?.member(name))
                } else {
                    result[name] = member
                }
            }
            let isStruct = schema?.properties.isEmpty == false
            return result.isEmpty && !isStruct ? Optional.none : .object(result)
        case .list:
            guard let schema, let items = value.array, !items.isEmpty else { return value }
            var result: [JSONValue] = []
            for item in items {
                let step = step(to: item, schema)
                if set.members.contains(step) { continue }
                if let below = set.children[step] {
                    if let rest = removing(below, from: item, schema.items) { result.append(rest) }
                } else {
                    result.append(item)
                }
            }
            return result.isEmpty ? Optional.none : .array(result)
        }
    }
}
