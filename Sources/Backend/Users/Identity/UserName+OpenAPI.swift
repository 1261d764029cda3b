extension UserName {
    static let schema = schema(length: 0...200)
    static let nonEmptySchema = schema(length: 1...200)

    private static func schema(length: ClosedRange<Int>) -> JSONSchema {
        .string("One line, at most 200 bytes.", length: length, pattern: #"^[^\u0000-\u001F\u007F]*$"#)
    }
}
