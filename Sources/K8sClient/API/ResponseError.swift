/// Turns answers that are no success, or not what they should be, into errors.
enum ResponseError {
    /// The error that an answer with another status than 2xx stands for.
    static func error(_ request: KubernetesRequest, _ response: HTTPResponse) -> KubernetesError {
        let head = response.head
        var retryAfter = RetryPolicy.retryAfter(header: head.value("retry-after"))
        if let status = status(in: response.body) {
            if retryAfter == nil, let seconds = status.details?.retryAfterSeconds, seconds > 0 {
                retryAfter = .seconds(seconds)
            }
            let message = status.message ?? ""
            return KubernetesError(
                .api, message.isEmpty ? "the server refused the request" : message, request: request.name,
                httpStatus: head.status, status: status, retryAfter: retryAfter)
        }
        if (300..<400).contains(head.status) {
            return KubernetesError(
                .invalidResponse,
                "the server redirects elsewhere (HTTP \(head.status)), which an API server never does: is the address right?",
                request: request.name, httpStatus: head.status)
        }
        return KubernetesError(
            .api, "the server answered HTTP \(head.status) without saying why\(excerpt(response))",
            request: request.name, httpStatus: head.status, retryAfter: retryAfter)
    }

    /// The Status document in a body, if it holds one.
    static func status(in body: [UInt8]) -> Status? {
        // Whatever else the body may be, the HTTP status alone then has to do: why it is no Status helps nobody.
        guard let value = try? JSONValue(parsing: body), value["kind"]?.string == "Status" else { return nil }
        return try? value.decode(Status.self)
    }

    /// The beginning of a plain text, on one line. Anything else may be long, or an object.
    private static func excerpt(_ response: HTTPResponse) -> String {
        guard let type = response.head.value("content-type"), type.hasPrefix("text/plain"), !response.body.isEmpty
        else {
            return ""
        }
        let line = response.body.prefix(120).prefix { $0 >= 0x20 && $0 < 0x7F }
        return line.isEmpty ? "" : ": \"\(String(decoding: line, as: UTF8.self))\""
    }

    /// The document in the body of a success, as far as it is selected.
    static func document(
        _ request: KubernetesRequest, _ response: HTTPResponse, selecting selection: JSONSelection = .all
    ) throws(KubernetesError) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: response.body, selecting: selection)
        } catch {
            throw invalid(request, response, error)
        }
    }

    /// The object in the body of a success.
    static func object(
        _ request: KubernetesRequest, _ response: HTTPResponse, _ form: ReceivedObject.Form
    ) throws(KubernetesError) -> ReceivedObject {
        do throws(JSONSyntaxError) {
            switch form {
            case .value: return .value(try JSONValue(parsing: response.body))
            case .tape: return .tape(try JSONTape(parsing: response.body), 0)
            }
        } catch {
            throw invalid(request, response, error)
        }
    }

    private static func invalid(
        _ request: KubernetesRequest, _ response: HTTPResponse, _ error: JSONSyntaxError
    ) -> KubernetesError {
        KubernetesError(
            .invalidResponse, "the server answered HTTP \(response.head.status), but with \(error)",
            request: request.name, httpStatus: response.head.status)
    }

    static func unexpected(_ request: KubernetesRequest, _ reason: String) -> KubernetesError {
        KubernetesError(
            .invalidResponse, "the server's answer is not what was asked for: \(reason)", request: request.name)
    }
}
