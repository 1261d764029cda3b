/// One event of a watch.
public enum WatchEvent<Object: Sendable>: Sendable {
    /// The object has come, or now fits the selection.
    case added(Object)
    /// The object has changed.
    case modified(Object)
    /// The object has gone, or no longer fits the selection. It is as it was last.
    case deleted(Object)
    /// Nothing happened up to this version. With `endsInitialEvents`, what came before was all there is (WatchList).
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)
    /// The watch is over, for this reason.
    case error(Status)
}

extension WatchEvent<JSONValue> {
    /// Reads one line of a watch.
    /// - Parameters:
    ///   - line: without its end.
    ///   - selection: what of the object is read; of the Status of an error all is.
    /// - Throws: `KubernetesError` with code `invalidResponse`.
    public init(parsing line: Span<UInt8>, selecting selection: JSONSelection = .all) throws(KubernetesError) {
        var memory = JSONMemory()
        let event = try WatchEvent<ReceivedObject>(
            parsing: line, selecting: selection, of: ["type": .all, "object": selection], memory: &memory)
        self = event.map(\.value)
    }
}

extension WatchEvent {
    /// The same event with its object turned into something else.
    func map<Other: Sendable>(_ transform: (Object) -> Other) -> WatchEvent<Other> {
        switch self {
        case .added(let object): .added(transform(object))
        case .modified(let object): .modified(transform(object))
        case .deleted(let object): .deleted(transform(object))
        case .bookmark(let resourceVersion, let endsInitialEvents):
            .bookmark(resourceVersion: resourceVersion, endsInitialEvents: endsInitialEvents)
        case .error(let status): .error(status)
        }
    }
}

extension WatchEvent<ReceivedObject> {

    /// Reads one of many lines, its object as a value.
    /// - Parameters:
    ///   - event: the selection of the whole event, made once.
    ///   - memory: what the lines before had.
    init(
        parsing line: Span<UInt8>, selecting selection: JSONSelection, of event: JSONSelection, memory: inout JSONMemory
    ) throws(KubernetesError) {
        var document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: line, selecting: event, memory: &memory)
            if selection != .all, document["type"] == "ERROR" { document = try JSONValue(parsing: line) }
        } catch {
            throw KubernetesError(.invalidResponse, "an event of the watch is \(error)")
        }
        let object = document["object"]
        try self.init(type: document["type"]?.string, object?.object == nil ? nil : object.map { .value($0) })
    }

    /// Reads one of many lines, its object to be decoded.
    init(tape line: [UInt8], memory: inout JSONMemory) throws(KubernetesError) {
        let tape: JSONTape
        do throws(JSONSyntaxError) {
            tape = try JSONTape(parsing: line, memory: &memory)
        } catch {
            throw KubernetesError(.invalidResponse, "an event of the watch is \(error)")
        }
        let members = JSONNode.tape(tape, 0).members
        var object: ReceivedObject?
        if case .tape(_, let index)? = members?["object"], tape.kind(index) == .object { object = .tape(tape, index) }
        try self.init(type: members?["type"]?.string, object)
    }

    private init(type: String?, _ object: ReceivedObject?) throws(KubernetesError) {
        guard let type, let object else {
            throw KubernetesError(.invalidResponse, "an event of the watch has no type or no object")
        }
        switch type {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            let mark = object.string("metadata", "annotations", "k8s.io/initial-events-end")
            self = .bookmark(resourceVersion: object.resourceVersion, endsInitialEvents: mark == "true")
        case "ERROR":
            do throws(JSONDecodingError) {
                self = .error(try object.decode(Status.self))
            } catch {
                throw KubernetesError(.invalidResponse, "an error of the watch is no Status: \(error)")
            }
        default: throw KubernetesError(.invalidResponse, "an event of the watch has the unknown type \"\(type)\"")
        }
    }
}
