import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns every error into the one shape that clients get, and logs those that are ours.
struct ErrorMiddleware: RouterMiddleware {
    /// Whether clients are told what caused an internal error.
    let showsCauses: Bool
    /// What a refused body is told that it may have.
    let bodyLimit: Int

    func handle(
        _ request: Request, context: BackendRequestContext,
        next: @concurrent (Request, BackendRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return clientError(for: error, request, context).response()
        }
    }

    private func clientError(for error: any Error, _ request: Request, _ context: BackendRequestContext) -> APIError {
        switch error {
        case let error as APIError:
            return error
        case let error as HTTPError where error.status == .notFound && error.body == nil:
            return .notFound(method: request.method, path: request.uri.path)
        case let error as DatabaseError where error.isOutOfOrder:
            context.logger.error("database error", error: error, metadata: ["path": "\(request.uri.path.prefix(1024))"])
            return APIError(error)
        case is NIOTooManyBytesError:
            return .bodyTooLarge(limit: bodyLimit)
        case is HTTPParserError:
            return .malformedRequest
        case let error as any HTTPResponseError:
            return APIError(error)
        default:
            context.logger.error("internal error", error: error, metadata: ["path": "\(request.uri.path.prefix(1024))"])
            return .internalError(cause: showsCauses ? String(describing: error) : nil)
        }
    }
}
