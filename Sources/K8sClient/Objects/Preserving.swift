/// A typed object that remembers what its type does not know, so that writing it back loses nothing.
///
/// Types describe the fields that a program uses; servers and other programs know more. Read as `Preserving<Deployment>`, the
/// fields are used as those of a `Deployment`, and what is written is the document as it was read, with the changes put in:
///
///     var web = try await client.get(.deployments, "web", namespace: "shop", as: Preserving<Deployment>.self)
///     web.spec.replicas = 3
///     try await client.replace(.deployments, web)
///
/// A member that the type would write otherwise than it was read (a default that it adds) is written only when it was changed.
/// Items of a list are the same item when they are equal, or else when they agree in what names them (`name`, `uid`, `key`,
/// `type`, `containerPort`, `port`, `mountPath`, `devicePath`, `ip`, `topologyKey`); a renamed item is a new one.
@dynamicMemberLookup
public struct Preserving<Object: Codable & Sendable>: Sendable {
    /// The typed object.
    public var object: Object
    /// The document as it was read, and what the type made of it.
    private let document: JSONValue
    private let reading: JSONValue

    /// Makes one of an object that has not been read from a server: there is nothing else to keep.
    /// - Throws: `JSONEncodingError` when the object cannot be written as JSON.
    public init(_ object: Object) throws(JSONEncodingError) {
        self.object = object
        reading = try JSONValue(encoding: object)
        document = reading
    }

    /// Reads one of a document.
    /// - Throws: `JSONDecodingError` where the document does not fit the type.
    public init(document: JSONValue) throws(JSONDecodingError) {
        object = try document.decode(Object.self)
        self.document = document
        do throws(JSONEncodingError) {
            reading = try JSONValue(encoding: object)
        } catch {
            throw JSONDecodingError(path: error.path, reason: error.reason)
        }
    }

    /// The typed object's fields.
    public subscript<Value>(dynamicMember path: WritableKeyPath<Object, Value>) -> Value {
        get { object[keyPath: path] }
        set { object[keyPath: path] = newValue }
    }

    /// The typed object's fields that cannot be set.
    public subscript<Value>(dynamicMember path: KeyPath<Object, Value>) -> Value { object[keyPath: path] }

    /// The document with the changes to the typed object put in.
    /// - Throws: `JSONEncodingError` when the object cannot be written as JSON.
    public func merged() throws(JSONEncodingError) -> JSONValue {
        JSONMerge.merged(document, from: reading, to: try JSONValue(encoding: object))
    }
}

extension Preserving: Codable {
    /// Reads the whole document, and of it the typed object.
    public init(from decoder: any Decoder) throws {
        try self.init(document: JSONValue(from: decoder))
    }

    /// Writes the document with the changes to the typed object put in.
    public func encode(to encoder: any Encoder) throws {
        try merged().encode(to: encoder)
    }
}

extension Preserving: KubernetesObject where Object: KubernetesObject {
    /// The typed object's metadata.
    public var metadata: ObjectMeta { object.metadata }
}

/// Carries a change between two readings of a document over to the document itself. Pure.
enum JSONMerge {
    /// - Parameters:
    ///   - document: what was read, with what the reading left out.
    ///   - old: the reading before the change.
    ///   - new: the reading after it.
    static func merged(_ document: JSONValue, from old: JSONValue, to new: JSONValue) -> JSONValue {
        if old == new { return document }
        switch (document, old, new) {
        case (.object(var members), .object(let oldMembers), .object(let newMembers)):
            for name in oldMembers.keys where newMembers[name] == nil { members[name] = nil }
            for (name, value) in newMembers {
                guard let before = oldMembers[name], let existing = members[name] else {
                    if oldMembers[name] != value { members[name] = value }
                    continue
                }
                members[name] = merged(existing, from: before, to: value)
            }
            return .object(members)
        case (.array(let items), .array(let oldItems), .array(let newItems)) where items.count == oldItems.count:
            return .array(merged(items, from: oldItems, to: newItems))
        default: return new
        }
    }

    private static func merged(_ items: [JSONValue], from old: [JSONValue], to new: [JSONValue]) -> [JSONValue] {
        var unused = Set(old.indices)
        var sources: [Int?] = new.map { item in
            guard let index = unused.sorted().first(where: { old[$0] == item }) else { return nil }
            unused.remove(index)
            return index
        }
        for (position, item) in new.enumerated() where sources[position] == nil {
            let source = unused.sorted().first { areSame(old[$0], item, position == $0 && old.count == new.count) }
            guard let source else { continue }
            sources[position] = source
            unused.remove(source)
        }
        return zip(new, sources).map { item, source in
            source.map { merged(items[$0], from: old[$0], to: item) } ?? item
        }
    }

    private static let names = [
        "name", "uid", "key", "type", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey",
    ]

    /// Whether two items of a list are one, changed. Where nothing names them, their place does.
    private static func areSame(_ left: JSONValue, _ right: JSONValue, _ haveSamePlace: Bool) -> Bool {
        guard left.object != nil, right.object != nil else { return haveSamePlace }
        for name in names {
            if let leftName = left[name] { return leftName == right[name] }
            if right[name] != nil { return false }
        }
        return haveSamePlace
    }
}
