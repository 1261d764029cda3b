import HTTPTypes
import Hummingbird
import K8sClient
import NIOCore

/// What a handler answers, before it becomes an HTTP response.
struct APIAnswer: Sendable {
    var status: Int = 200
    var body: Body
    var contentType = "application/json"
    var warnings: [String] = []
    var headers: [(String, String)] = []

    enum Body: Sendable {
        case bytes([UInt8])
        /// Pieces of a body whose length is not known, made as fast as the client reads them.
        case stream(@concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    static func json(_ value: JSONValue, status: Int = 200) -> APIAnswer {
        APIAnswer(status: status, body: .bytes(value.jsonBytes()))
    }

    static func text(_ text: String, status: Int = 200) -> APIAnswer {
        APIAnswer(status: status, body: .bytes(Array(text.utf8)), contentType: "text/plain; charset=utf-8")
    }

    static func failure(_ error: StatusError) -> APIAnswer {
        var answer = json(error.object, status: error.code)
        // A 429 without it is for the caller to decide about: client libraries repeat by themselves what has the header.
        if let seconds = error.details?["retryAfterSeconds"]?.int {
            answer.headers.append(("Retry-After", String(seconds)))
        }
        return answer
    }

    var response: Response {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        headers[.cacheControl] = "no-cache, private"
        for (name, value) in self.headers {
            if let field = HTTPField.Name(name) { headers.append(HTTPField(name: field, value: value)) }
        }
        for warning in warnings {
            let text = String(warning.unicodeScalars.map { $0.value < 0x20 || $0 == "\"" ? "'" : Character($0) })
            if let field = HTTPField.Name("Warning") {
                headers.append(
                    HTTPField(name: field, value: "299 - \"\(warning.contains("\"") ? Self.escaped(warning) : text)\""))
            }
        }
        switch body {
        case .bytes(let bytes):
            return Response(
                status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let produce):
            return Response(
                status: .init(code: status), headers: headers,
                body: .init { writer in
                    try await produce(&writer)
                    try await writer.finish(nil)
                })
        }
    }

    /// A quoted string of HTTP, as `Warning` headers hold their text.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
