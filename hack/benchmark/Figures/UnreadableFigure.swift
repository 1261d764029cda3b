/// A figure that could not be read.
struct UnreadableFigure: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is not as expected" }
}
