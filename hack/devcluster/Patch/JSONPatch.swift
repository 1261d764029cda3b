import K8sClient

/// JSON patches (RFC 6902).
enum JSONPatch {
    /// Why a patch does not fit.
    struct Failure: Error, Hashable {
        var message: String
        /// Whether the patch itself is malformed, rather than at odds with the object.
        var isMalformed = false
    }

    /// No patch that a person or a controller writes comes near it; each operation may copy a part of the object.
    private static let maximumOperations = 10_000

    static func apply(_ patch: JSONValue, to document: JSONValue) throws(Failure) -> JSONValue {
        guard let operations = patch.array else {
            throw Failure(message: "a JSON patch is an array", isMalformed: true)
        }
        guard operations.count <= maximumOperations else {
            throw Failure(
                message:
                    "The allowed maximum operations in a JSON patch is \(maximumOperations), got \(operations.count)",
                isMalformed: true)
        }
        var document = document
        for operation in operations { try apply(operation: operation, to: &document) }
        return document
    }

    private static func apply(operation: JSONValue, to document: inout JSONValue) throws(Failure) {
        guard let name = operation["op"]?.string, let pathText = operation["path"]?.string else {
            throw Failure(message: "an operation needs op and path", isMalformed: true)
        }
        let path = pointer(pathText)
        switch name {
        case "add":
            try change(&document, path[...], pathText, .add(try value(of: operation)))
        case "replace":
            try change(&document, path[...], pathText, .replace(try value(of: operation)))
        case "remove":
            try change(&document, path[...], pathText, .remove)
        case "test":
            let expected = try value(of: operation)
            let found = find(document, path[...]) ?? .null
            guard found == expected else {
                throw Failure(message: "testing value \(pathText) failed: test failed")
            }
        case "move", "copy":
            guard let from = operation["from"]?.string else {
                throw Failure(message: "\(name) needs from", isMalformed: true)
            }
            guard let moved = find(document, pointer(from)[...]) else { throw missing(name, from) }
            if name == "move" { try change(&document, pointer(from)[...], from, .remove) }
            try change(&document, path[...], pathText, .add(moved))
        default:
            throw Failure(message: "Unexpected kind: \(name)", isMalformed: true)
        }
    }

    private enum Change {
        case add(JSONValue)
        case replace(JSONValue)
        case remove
    }

    private static func value(of operation: JSONValue) throws(Failure) -> JSONValue {
        guard let value = operation["value"] else {
            throw Failure(message: "an operation lacks its value", isMalformed: true)
        }
        return value
    }

    private static func missing(_ operation: String, _ path: String) -> Failure {
        Failure(message: "\(operation) operation does not apply: doc is missing path: \(path): missing value")
    }

    private static func pointer(_ text: String) -> [String] {
        text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    private static func find(_ value: JSONValue, _ path: ArraySlice<String>) -> JSONValue? {
        guard let step = path.first else { return value }
        switch value {
        case .object(let members): return members[step].flatMap { find($0, path.dropFirst()) }
        case .array(let items):
            guard let index = Int(step), items.indices.contains(index) else { return nil }
            return find(items[index], path.dropFirst())
        default: return nil
        }
    }

    private static func change(
        _ value: inout JSONValue, _ path: ArraySlice<String>, _ text: String, _ change: Change
    ) throws(Failure) {
        guard let step = path.first else {
            switch change {
            case .add(let new), .replace(let new): value = new
            case .remove: value = .null
            }
            return
        }
        let isLast = path.count == 1
        switch value {
        case .object(var members):
            if isLast {
                switch change {
                case .add(let new): members[step] = new
                case .replace(let new):
                    guard members[step] != nil else { throw missing("replace", text) }
                    members[step] = new
                case .remove:
                    guard members.removeValue(forKey: step) != nil else { throw missing("remove", text) }
                }
            } else {
                guard var below = members[step] else { throw missing("add", text) }
                try self.change(&below, path.dropFirst(), text, change)
                members[step] = below
            }
            value = .object(members)
        case .array(var items):
            if isLast, step == "-", case .add(let new) = change {
                items.append(new)
            } else {
                guard let index = Int(step), index >= 0, index < items.count || (isLast && index == items.count) else {
                    throw missing("array", text)
                }
                if isLast {
                    switch change {
                    case .add(let new): items.insert(new, at: index)
                    case .replace(let new):
                        guard index < items.count else { throw missing("replace", text) }
                        items[index] = new
                    case .remove:
                        guard index < items.count else { throw missing("remove", text) }
                        items.remove(at: index)
                    }
                } else {
                    try self.change(&items[index], path.dropFirst(), text, change)
                }
            }
            value = .array(items)
        default:
            throw missing("add", text)
        }
    }
}
