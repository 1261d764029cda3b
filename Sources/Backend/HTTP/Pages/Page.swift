import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// One page of a list.
struct Page<Element: Encodable & Sendable>: Encodable, Sendable {
    var data: [Element]
    /// What `cursor` must be for the next page; null on the last one.
    var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case data
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(data, forKey: .data)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

/// A place in a list that is sorted by a time and an identifier, newest first. Rows that come or go elsewhere do not move it.
struct PageCursor: Sendable, Hashable {
    var time: Timestamp
    var id: UUID

    /// Before everything: later than any time that is kept.
    static let start = PageCursor(
        time: Timestamp(microseconds: 253_402_300_799_000_000),
        id: UUID(
            uuid: (
                255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
            )))
}

extension PageCursor: CustomStringConvertible {
    /// What clients get: they have no business with what is in it.
    var description: String { Self.encode("\(time.microseconds).\(id.text)") }

    init?(_ text: String) {
        guard let fields = Self.decode(text)?.split(separator: ".", omittingEmptySubsequences: false),
            fields.count == 2,
            let microseconds = Int64(fields[0]), (0...Self.start.time.microseconds).contains(microseconds),
            let id = UUID(uuidString: String(fields[1]))
        else { return nil }
        self.init(time: Timestamp(microseconds: microseconds), id: id)
    }

    /// Base64 in the alphabet that needs no escaping in URLs.
    static func encode(_ text: String) -> String {
        String(
            Data(text.utf8).base64EncodedString().compactMap { character in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    static func decode(_ text: String) -> String? {
        guard text.utf8.count <= 200 else { return nil }
        var base64 = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        return Data(base64Encoded: base64).flatMap { String(data: $0, encoding: .utf8) }
    }
}

/// What a request for a page says in its query.
struct PageQuery {
    private let parameters: Parameters

    init(_ request: Request) {
        // Forms and `URLSearchParams` write a space as `+`; a plus sign itself comes as `%2B`.
        let query = request.uri.query.map { $0.split(separator: "+", omittingEmptySubsequences: false) }
        parameters = URI("/?\(query?.joined(separator: "%20") ?? "")").queryParameters
    }

    /// Any parameter.
    subscript(_ name: String) -> String? { parameters[Substring(name)].map(String.init) }

    /// `limit`, from 1 to 100.
    func limit(default standard: Int) throws(APIError) -> Int {
        guard let text = self["limit"] else { return standard }
        guard let limit = Int(text), (1...100).contains(limit) else {
            throw .invalidQuery("limit", "must be a number from 1 to 100")
        }
        return limit
    }

    /// `cursor`, as the page before gave it.
    func cursor<Cursor>(_ read: (String) -> Cursor?) throws(APIError) -> Cursor? {
        guard let text = self["cursor"] else { return nil }
        guard let cursor = read(text) else {
            throw .invalidQuery("cursor", "must be the next_cursor of the page before")
        }
        return cursor
    }

    /// `query`: what to look for; nil when there is nothing to look for.
    func search() throws(APIError) -> String? {
        guard let text = self["query"]?.trimmed, !text.isEmpty else { return nil }
        guard text.utf8.count <= 800, !text.utf8.contains(0) else {
            throw .invalidQuery("query", "must have at most 800 bytes and no NUL characters")
        }
        return text
    }
}

extension APIError {
    static func invalidQuery(_ name: String, _ requirement: String) -> APIError {
        APIError(
            status: .badRequest, kind: .invalidRequest, code: "invalid_query", message: "\(name) \(requirement).",
            param: name)
    }
}
