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
    /// - Parameter selection: what of the object is read; of the Status of an error all is.
    /// - Throws: `KubernetesError` with code `invalidResponse`.
    public init(parsing line: Span<UInt8>, selecting selection: JSONSelection = .all) throws(KubernetesError) {
        var memory = JSONMemory()
        try self.init(
            parsing: line, selecting: selection, of: ["type": .all, "object": selection], memory: &memory)
    }

    /// Reads one of many lines.
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
        guard case .object(let members) = document, let type = members["type"]?.string, let object = members["object"],
            object.object != nil
        else {
            throw KubernetesError(.invalidResponse, "an event of the watch has no type or no object")
        }
        switch type {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            let mark = object["metadata", "annotations", "k8s.io/initial-events-end"]?.string
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
