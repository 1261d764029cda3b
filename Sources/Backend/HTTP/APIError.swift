import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// An error as clients get it: a status and `{"error": {"message", "type", "code", "param"}}`, the shape of OpenAI's API, which
/// clients of such services already know.
struct APIError: Error, Sendable {
    /// The kinds of errors; clients decide by these whether a request is worth repeating.
    enum Kind: String, Codable, Sendable {
        case invalidRequest = "invalid_request_error"
        case server = "server_error"
        /// Too many requests in a time.
        case requests
        /// Too many tokens in a time.
        case tokens
    }

    var status: HTTPResponse.Status
    var kind: Kind
    /// One word that programs compare.
    var code: String
    /// One sentence for people.
    var message: String
    /// The part of the request that is at fault, where there is one.
    var param: String?
    var headers: HTTPFields = [:]
}

extension APIError {
    static func notFound(method: HTTPRequest.Method, path: String) -> APIError {
        APIError(
            status: .notFound, kind: .invalidRequest, code: "not_found",
            message: "There is nothing at \(method.rawValue) \(path.clipped).")
    }

    static func methodNotAllowed(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> APIError {
        let allowed = allowed.map(\.rawValue).joined(separator: ", ")
        return APIError(
            status: .methodNotAllowed, kind: .invalidRequest, code: "method_not_allowed",
            message: "\(method.rawValue) is not possible here; these are: \(allowed).", headers: [.allow: allowed])
    }

    static func bodyTooLarge(limit: Int) -> APIError {
        APIError(
            status: .contentTooLarge, kind: .invalidRequest, code: "body_too_large",
            message: "The body is larger than \(limit) bytes.")
    }

    static let hostNotAllowed = APIError(
        status: .badRequest, kind: .invalidRequest, code: "host_not_allowed",
        message: "This service does not answer to the name in the Host header.", param: "host")

    static let malformedRequest = APIError(
        status: .badRequest, kind: .invalidRequest, code: "malformed_request",
        message: "The request is not valid HTTP.")

    static let headersTooLarge = APIError(
        status: .requestHeaderFieldsTooLarge, kind: .invalidRequest, code: "headers_too_large",
        message: "The request's headers are too large.")

    /// - Parameter cause: What happened, where clients may know it.
    static func internalError(cause: String?) -> APIError {
        APIError(
            status: .internalServerError, kind: .server, code: "internal_error",
            message: cause.map { "Something went wrong here: \($0)" }
                ?? "Something went wrong here; the request's id names it in the log.")
    }

    /// The error that a client gets for one from the HTTP library.
    init(_ error: any HTTPResponseError) {
        let status = error.status
        let message = (error as? HTTPError)?.body
        self.init(
            status: status, kind: status.kind == .serverError ? .server : .invalidRequest,
            code: status.reasonPhrase.lowercased().split(separator: " ").joined(separator: "_"),
            message: message ?? "\(status.reasonPhrase).")
    }
}

extension APIError {
    /// The error as an answer.
    func response() -> Response {
        var headers = headers
        headers[.contentType] = JSONBody.contentType
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// The JSON document.
    var body: ByteBuffer {
        struct Document: Encodable {
            let error: Fields
        }
        struct Fields: Encodable {
            let message: String
            let type: Kind
            let code: String
            let param: String?

            enum CodingKeys: CodingKey {
                case message, type, code, param
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(message, forKey: .message)
                try container.encode(type, forKey: .type)
                try container.encode(code, forKey: .code)
                // Present also when it is null: clients read it without asking whether it is there.
                try container.encode(param, forKey: .param)
            }
        }
        return JSONBody.encode(Document(error: Fields(message: message, type: kind, code: code, param: param)))
    }
}

extension String {
    /// Text from a client, short enough to be repeated to it.
    fileprivate var clipped: String {
        utf8.count <= 200 ? self : String(prefix(200)) + "…"
    }
}
