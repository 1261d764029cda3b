/// One name and value, of a query or a header.
public struct HTTPField: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value, not encoded.
    public var value: String

    /// Makes a field.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
