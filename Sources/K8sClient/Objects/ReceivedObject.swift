/// An object as a server sent it: read as a value, or checked and left to be decoded.
enum ReceivedObject: Sendable {
    case value(JSONValue)
    case tape(JSONTape, Int)

    /// How objects of a type are read: whoever wants documents gets values, types decode without those.
    enum Form: Sendable {
        case value, tape

        init(for type: any Any.Type) {
            self = type == JSONValue.self ? .value : .tape
        }
    }

    /// The whole object.
    var value: JSONValue {
        switch self {
        case .value(let value): value
        case .tape(let tape, let index): tape.value(index)
        }
    }

    /// The object as a type.
    func decode<T: Decodable>(_ type: T.Type) throws(JSONDecodingError) -> T {
        switch self {
        case .value(let value): return try value.decode(type)
        case .tape(let tape, let index):
            do {
                return try T(from: JSONTapeDecoder(tape: tape, index: index))
            } catch let error as DecodingError {
                throw JSONDecodingError(error, below: tape.path(to: index).count)
            } catch {
                throw JSONDecodingError(path: ".", reason: "\(error)")
            }
        }
    }

    /// The text under a path of members; `nil` when there is none.
    func string(_ keys: String...) -> String? {
        switch self {
        case .value(let value): return value[path: keys[...]]?.string
        case .tape(let tape, var index):
            for key in keys {
                guard tape.kind(index) == .object, let next = tape.member(key, of: index) else { return nil }
                index = next
            }
            return JSONNode.tape(tape, index).string
        }
    }

    /// Namespace and name; the name is empty when there is none.
    var objectKey: ObjectKey {
        ObjectKey(namespace: string("metadata", "namespace"), name: string("metadata", "name") ?? "")
    }

    /// The uid; empty when there is none.
    var uid: String { string("metadata", "uid") ?? "" }

    /// The resource version; empty when there is none.
    var resourceVersion: String { string("metadata", "resourceVersion") ?? "" }
}
