extension [APIOperation.Parameter] {
    /// What lists take.
    static func page(limit: Int) -> [APIOperation.Parameter] {
        [
            .query("limit", "Entries on a page.", .integer(in: 1...100, byDefault: limit)),
            .query("cursor", "`next_cursor` of the page before.", .string()),
        ]
    }
}

extension JSONSchema {
    /// What lists answer.
    static func page(of element: JSONSchema) -> JSONSchema {
        .object(
            required: [
                "data": .array(of: element), "next_cursor": .string("For the next page; null on the last.").orNull,
            ])
    }
}
