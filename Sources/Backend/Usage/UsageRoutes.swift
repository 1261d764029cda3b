import HTTPTypes
import Hummingbird

/// `GET /api/v1/usage`: what the caller has used, per day and model.
struct UsageRoutes: RouteGroup {
    static let path = "/api/v1/usage"
    /// A year and a day: any month beside the same one a year before.
    private static let longestRange = 366
    /// Days by models.
    private static let rowLimit = 10_000

    let authenticator: any Authenticator
    let store: Store

    private struct Answer: Encodable {
        let object = "list"
        let from: String
        let to: String
        let data: [UsageSum]
    }

    func add(to router: Router<BackendRequestContext>) {
        router.get(RouterPath(Self.path)) { request, _ in try await usage(request) }
    }

    private func usage(_ request: Request) async throws -> Response {
        let caller = try await authenticator.caller(authorization: request.headers[.authorization])
        let parameters = request.uri.queryParameters
        let today = try day(Timestamp.now.description.prefix(10).description, "to")
        let to = try parameters["to"].map { try day(String($0), "to") } ?? today
        let from = try parameters["from"].map { try day(String($0), "from") } ?? to - .seconds(29 * 86_400)
        guard from <= to else { throw refusal("from", "must not be after to") }
        guard to - from < .seconds(Self.longestRange * 86_400) else {
            throw refusal("from", "must lie at most \(Self.longestRange) days before to")
        }
        let sums = try await store.usage(
            of: caller.userID, from: from, to: to + .seconds(86_400), limit: Self.rowLimit)
        return JSONBody.response(Answer(from: Self.text(from), to: Self.text(to), data: sums))
    }

    private func day(_ text: String, _ name: String) throws -> Timestamp {
        guard text.utf8.count == 10, let day = Timestamp("\(text)T00:00:00Z"), Self.text(day) == text else {
            throw refusal(name, "must be a day, as in 2026-01-31")
        }
        return day
    }

    private func refusal(_ param: String, _ requirement: String) -> APIError {
        APIError(
            status: .badRequest, kind: .invalidRequest, code: "invalid_value", message: "\(param) \(requirement).",
            param: param)
    }

    private static func text(_ day: Timestamp) -> String { String(day.description.prefix(10)) }
}
