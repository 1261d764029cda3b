import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

extension JSONBody {
    /// How deep arrays and objects may lie within each other. No request of the API needs ten; the bound keeps a parser's stack small.
    static let maximumDepth = 32

    /// Reads a request's body as one JSON value of the API, strictly: what `Value` does not ask for must not be there.
    ///
    /// A type says what is wrong with a value by throwing ``InvalidValue`` from its `init(from:)`, worded to follow the field's name;
    /// the answer then names the field.
    /// - Parameter limit: The most bytes that the body may have.
    /// - Throws: ``APIError``: 400 for what is no JSON, 413 above the limit, 415 for another content type, and 422, with `param`, for
    ///   JSON that is not a `Value`.
    static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from request: Request, limit: Int = BackendRequestContext.bodyLimit
    ) async throws -> Value {
        try checkContentType(request.headers[.contentType])
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw APIError.bodyTooLarge(limit: limit)
        }
        return try decode(type, from: body)
    }

    /// Reads `body` as ``decode(_:from:limit:)`` does.
    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from body: ByteBuffer) throws -> Value {
        try JSONScreening.screen(body.readableBytesView, maximumDepth: maximumDepth)
        do {
            return try JSONDecoder().decode(Strict<Value>.self, from: Data(body.readableBytesView)).value
        } catch let error as DecodingError {
            throw APIError(invalidBody: error)
        }
    }

    /// A body without a content type is taken for JSON: nothing else is understood anyway.
    static func checkContentType(_ field: String?) throws {
        guard let field else { return }
        let media = field.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        guard media == "application/json" || (media.hasPrefix("application/") && media.hasSuffix("+json")) else {
            throw APIError(
                status: .unsupportedMediaType, kind: .invalidRequest, code: "unsupported_media_type",
                message: "The body must be JSON, with Content-Type: application/json.")
        }
    }
}
