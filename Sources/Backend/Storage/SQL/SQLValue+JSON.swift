import FoundationEssentials

extension SQLValue {
    /// An argument that holds a list: a statement takes it apart with `json_each` or `jsonb_to_recordset`.
    init(jsonOf value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        self = .json(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A list of identifiers, as the databases spell them.
    init(jsonOf identifiers: [UUID]) {
        self = .json("[\(identifiers.map { "\"\($0.text)\"" }.joined(separator: ","))]")
    }
}
