/// YAML as Kubernetes reads it: documents become `JSONValue`s, with the scalar rules of kubectl's parser.
public enum YAML {
    /// One document of a stream.
    public struct Document: Sendable, Hashable {
        /// The document's content; `.null` for an empty one.
        public let value: JSONValue
        /// The line on which the content begins, from 1.
        public let line: Int
    }

    /// Why a text is not the YAML that was expected.
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// The column, from 1.
        public let column: Int
        /// What was wrong there, as a clause.
        public let reason: String

        /// The place and the reason, as one clause.
        public var description: String { "line \(line), column \(column): \(reason)" }
    }
}

extension YAML {
    /// Reads every document of a stream; documents that hold nothing (two `---` in a row) are left out.
    ///
    /// Scalars follow the parser that kubectl uses (YAML 1.1: `yes` and `on` are true, `0777` is octal, a quoted scalar is
    /// always a string). Anchors, aliases and merge keys (`<<`) are resolved; what aliases may expand to is bounded, so
    /// that a small file cannot become a huge object.
    /// - Throws: `YAML.SyntaxError` with line and column, also for a key that stands twice in one mapping.
    public static func parse(_ text: String) throws(SyntaxError) -> [Document] {
        var composer = YAMLComposer(parser: try YAMLEventParser(text))
        return try composer.documents()
    }

    /// The same with other words for true and false.
    static func parse(_ text: String, _ booleans: YAMLScalar.Booleans) throws(SyntaxError) -> [Document] {
        var composer = YAMLComposer(parser: try YAMLEventParser(text), booleans: booleans)
        return try composer.documents()
    }

    /// Writes a value as one YAML document, keys sorted, without a leading `---`.
    ///
    /// Strings that would read back as another type are quoted.
    public static func serialize(_ value: JSONValue) -> String {
        YAMLEmitter().emit(value)
    }

    /// Writes values as a stream of documents, `---` between them.
    public static func serialize(_ values: [JSONValue]) -> String {
        values.map { serialize($0) }.joined(separator: "---\n")
    }
}
