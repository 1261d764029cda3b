import FoundationEssentials

extension UUID {
    /// The spelling that both databases and the API use: lower case.
    var text: String { uuidString.lowercased() }
}
