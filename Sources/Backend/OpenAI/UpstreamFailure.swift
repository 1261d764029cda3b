import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// An error that a server answered with, as the client gets it: in OpenAI's shape, with the server's words, and without anything that
/// is between this service and that server only.
struct UpstreamFailure: Sendable {
    /// More than any error; of a longer one the beginning of an HTML page is all that there is.
    static let bodyLimit = 256 * 1024
    private static let messageLimit = 2_000

    private let status: HTTPResponse.Status
    private let headers: HTTPFields
    private var fields = Fields()

    private struct Document: Codable {
        var error: Fields
    }

    private struct Fields: Codable {
        var message = "The model's server reported an error."
        var type = "server_error"
        var code: Code?
        var param: String?

        init() {}

        enum CodingKeys: CodingKey { case message, type, code, param }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Servers differ in what they fill in: what is there and fits is taken.
            message = (try? container.decode(String.self, forKey: .message)) ?? message
            type = (try? container.decode(String.self, forKey: .type)) ?? type
            code = try? container.decode(Code.self, forKey: .code)
            param = try? container.decode(String.self, forKey: .param)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(message, forKey: .message)
            try container.encode(type, forKey: .type)
            try container.encode(code, forKey: .code)
            try container.encode(param, forKey: .param)
        }
    }

    /// OpenAI's are words; other servers repeat the status as a number.
    private enum Code: Codable {
        case word(String)
        case number(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let word = try? container.decode(String.self) {
                self = .word(word)
            } else {
                self = .number(try container.decode(Int.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .word(let word): try container.encode(word)
            case .number(let number): try container.encode(number)
            }
        }
    }

    /// - Parameter secrets: Keys and addresses, which no message may hold.
    init(status: HTTPResponse.Status, headers answered: HTTPHeaders, body: ByteBuffer, secrets: [String]) {
        var headers: HTTPFields = [:]
        if let wait = RetryPolicy.retryAfter(answered) { headers[.retryAfter] = Duration(wait).wholeSeconds }
        self.headers = headers
        switch status.code {
        case 401, 403:
            // It is this service whom the server does not let in, and its answer may quote the key.
            self.status = .badGateway
            fields.message = "The model's server refused this service's credentials."
            fields.code = .word("upstream_unauthorized")
            return
        case 400..<500: self.status = status
        case 500, 501, 505...: self.status = .badGateway
        case 502...504: self.status = status
        // A redirect is not followed, and anything else is no answer to such a request.
        default: self.status = .badGateway
        }
        if let document = try? JSONDecoder().decode(Document.self, from: Data(body.readableBytesView)) {
            fields = document.error
        } else {
            // HTML, or nothing: no words for a client.
            fields.message = "The model's server answered with status \(status.code)."
            fields.type = self.status.kind == .clientError ? "invalid_request_error" : "server_error"
        }
        for secret in secrets where fields.message.contains(secret) {
            fields.message = fields.message.replacing(secret, with: "***")
        }
        if fields.message.utf8.count > Self.messageLimit {
            fields.message = String(fields.message.prefix(Self.messageLimit)) + "…"
        }
    }

    func response() -> Response {
        var headers = headers
        headers[.contentType] = JSONBody.contentType
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: JSONBody.encode(Document(error: fields))))
    }
}

extension UpstreamSettings {
    /// What must not be repeated to clients.
    var secrets: [String] {
        guard case .servers(let servers) = source else { return [] }
        return servers.flatMap { server in [server.key?.value, server.url.description].compactMap { $0 } }
    }
}

extension HTTPResponse.Status {
    /// The client went away before its answer: nginx's word for the log, which nobody else sees.
    static let clientClosedRequest = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
}
