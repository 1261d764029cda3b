/// A media type of an `Accept` or `Content-Type` header, with its parameters.
struct MediaType: Sendable, Hashable {
    /// `application/json`, in small letters.
    var name: String
    var parameters: [String: String] = [:]

    init(_ text: some StringProtocol) {
        let parts = text.split(separator: ";")
        name = parts.first.map { String($0.trimmed).lowercased() } ?? ""
        for part in parts.dropFirst() {
            let halves = part.split(separator: "=", maxSplits: 1)
            if halves.count == 2 { parameters[String(halves[0].trimmed).lowercased()] = String(halves[1].trimmed) }
        }
    }

    /// The types of an `Accept` header, the most wanted first.
    static func accepted(_ header: String?) -> [MediaType] {
        guard let header, !header.isEmpty else { return [MediaType("application/json")] }
        let types = header.split(separator: ",").map { MediaType($0) }
        if types.count == 1 { return types }
        return types.enumerated().sorted { left, right in
            let (first, second) = (left.element.quality, right.element.quality)
            return first == second ? left.offset < right.offset : first > second
        }.map(\.element)
    }

    private var quality: Double { parameters["q"].flatMap { Double($0) } ?? 1 }
}

extension StringProtocol {
    /// The text without the blanks (RFC 9110: spaces and tabs) around it.
    fileprivate var trimmed: SubSequence {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}

/// The form in which a client wants objects.
enum ObjectForm: Sendable, Hashable {
    case full
    /// Only `metadata` (`PartialObjectMetadata`).
    case metadata
    /// Rows for printing (`Table`); with what goes along in each row.
    case table

    static let supported = ["application/json", "application/yaml"]

    /// - Throws: 406 when the server knows none of the forms.
    static func negotiated(_ accept: String?) throws(StatusError) -> (form: ObjectForm, isYAML: Bool) {
        for type in MediaType.accepted(accept) {
            let isYAML = type.name == "application/yaml"
            guard isYAML || ["application/json", "application/*", "*/*"].contains(type.name) else { continue }
            switch type.parameters["as"] {
            case nil: return (.full, isYAML)
            case "Table" where type.parameters["v"] == "v1": return (.table, false)
            case "PartialObjectMetadata", "PartialObjectMetadataList": return (.metadata, isYAML)
            default: continue
            }
        }
        throw .notAcceptable(supported: supported)
    }
}
