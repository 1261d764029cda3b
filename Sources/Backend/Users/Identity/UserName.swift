/// What a user wants to be called: one line.
struct UserName: Sendable, Decodable {
    let text: String
    private static let maximumBytes = 200

    init(parsing text: String) throws(InvalidValue) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue("must have at most \(Self.maximumBytes) bytes")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw InvalidValue("must not contain control characters")
        }
        self.text = text
    }

    init(from decoder: any Decoder) throws {
        try self.init(parsing: try decoder.singleValueContainer().decode(String.self))
    }
}
