import HTTPTypes
import Hummingbird
import NIOCore

/// Refuses bodies above the limit: at once when their length is announced, and as they pass it when it is not.
struct BodyLimitMiddleware: RouterMiddleware {
    let limit: Int

    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        if let length = request.headers[.contentLength] {
            // A length that is not a number never gets here: the HTTP parser refuses it.
            guard let length = Int(length), length <= limit else { throw APIError.bodyTooLarge(limit: limit) }
            return try await next(request, context)
        }
        guard request.headers[.transferEncoding] != nil else { return try await next(request, context) }
        var request = request
        request.body = RequestBody(asyncSequence: LimitedBody(base: request.body, limit: limit))
        return try await next(request, context)
    }
}

/// A body that ends in an error once it has given more than `limit` bytes.
private struct LimitedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let base: RequestBody
    let limit: Int

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), limit: limit)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let limit: Int
        var received = 0

        @concurrent mutating func next() async throws -> ByteBuffer? {
            guard let chunk = try await base.next() else { return nil }
            received += chunk.readableBytes
            guard received <= limit else { throw APIError.bodyTooLarge(limit: limit) }
            return chunk
        }
    }
}
