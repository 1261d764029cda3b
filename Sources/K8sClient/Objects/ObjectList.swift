/// A list, or one page of it, as the server answered it.
public struct ObjectList<Item: Sendable>: Sendable {
    /// The objects of the page, or of the whole list.
    public var items: [Item]
    /// The version of the collection: where a watch goes on.
    public var resourceVersion: String
    /// What asks for the next page; `nil` on the last one.
    public var `continue`: String?
    /// How many objects follow after this page, where the server says it.
    public var remainingItemCount: Int64?

    /// Makes a list.
    public init(
        items: [Item], resourceVersion: String = "", continue: String? = nil, remainingItemCount: Int64? = nil
    ) {
        self.items = items
        self.resourceVersion = resourceVersion
        self.continue = `continue`
        self.remainingItemCount = remainingItemCount
    }
}

extension ObjectList {
    /// Reads a `…List` document, turning each item as it goes, so that the page's raw items do not outlive it.
    ///
    /// Items of built-in kinds come without `apiVersion` and `kind`; as single objects they have both, so they get them here.
    init(
        _ document: JSONValue, item: (JSONValue) throws(JSONDecodingError) -> Item
    ) throws(JSONDecodingError) {
        guard case .object(let members) = document else {
            throw JSONDecodingError(path: ".", reason: "must be a list, not \(document.kindName)")
        }
        let rawItems: [JSONValue]
        switch members["items"] {
        case .array(let items)?: rawItems = items
        case .null?: rawItems = []  // how Go writes an empty list
        default: throw JSONDecodingError(path: ".items", reason: "must be an array")
        }
        let metadata = members["metadata"]?.object ?? [:]
        let kind = members["kind"]?.string.flatMap { $0.hasSuffix("List") ? String($0.dropLast(4)) : nil }
        let apiVersion = members["apiVersion"]
        var items: [Item] = []
        items.reserveCapacity(rawItems.count)
        for (index, rawItem) in rawItems.enumerated() {
            guard case .object(var fields) = rawItem else {
                throw JSONDecodingError(path: ".items[\(index)]", reason: "must be an object")
            }
            if fields["kind"] == nil, let kind, let apiVersion {
                fields["kind"] = .string(kind)
                fields["apiVersion"] = apiVersion
            }
            do {
                items.append(try item(.object(fields)))
            } catch {
                let path = ".items[\(index)]" + (error.path == "." ? "" : error.path)
                throw JSONDecodingError(path: path, reason: error.reason)
            }
        }
        let token = metadata["continue"]?.string
        self.init(
            items: items, resourceVersion: metadata["resourceVersion"]?.string ?? "",
            continue: token?.isEmpty == true ? nil : token,
            remainingItemCount: metadata["remainingItemCount"]?.int.map(Int64.init))
    }
}
