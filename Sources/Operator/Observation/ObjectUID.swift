import FoundationEssentials

/// An object's uid in 16 bytes, since one of every object of every backend is kept. API servers make UUIDs; whatever else a server
/// may make is kept as it is.
enum ObjectUID: Sendable, Hashable {
    case uuid(UUID)
    case other(String)

    init(_ text: String) {
        // Only what is written as this type writes it comes out again as it went in.
        if let uuid = UUID(uuidString: text), Self.uuid(uuid).description == text {
            self = .uuid(uuid)
        } else {
            self = .other(text)
        }
    }
}

extension ObjectUID: CustomStringConvertible {
    /// The uid as the API server writes it.
    var description: String {
        switch self {
        case .uuid(let uuid): uuid.uuidString.lowercased()
        case .other(let text): text
        }
    }
}
