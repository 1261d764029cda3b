/// libcrypto could not do what it was asked: memory ran out, or its configuration switched an algorithm off.
struct CryptographyError: Error, CustomStringConvertible {
    /// What it was asked.
    let operation: String

    var description: String { "libcrypto cannot \(operation)" }
}
