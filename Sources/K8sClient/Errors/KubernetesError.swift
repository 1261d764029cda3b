/// Why a request to the API server, or what led up to it, failed.
///
/// `description` is one sentence that names the request and never holds credentials or the bodies of objects.
public struct KubernetesError: Error, Sendable {
    /// The kind of failure.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The text that the API uses.
        public let rawValue: String
        /// Makes one from the text that the API uses.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The code's text.
        public var description: String { rawValue }

        /// The server answered with an error; `httpStatus`, and mostly `status`, say which.
        public static let api = Code(rawValue: "api")
        /// The server could not be reached, or the connection broke.
        public static let connection = Code(rawValue: "connection")
        /// No trusted connection came about: an unknown authority, an expired certificate, a wrong name.
        public static let tls = Code(rawValue: "tls")
        /// The server did not answer within the deadline.
        public static let timeout = Code(rawValue: "timeout")
        /// The server's answer is not what the API promises: no JSON, cut off, too long, another kind.
        public static let invalidResponse = Code(rawValue: "invalidResponse")
        /// A token or certificate could not be obtained.
        public static let credentials = Code(rawValue: "credentials")
        /// The kubeconfig, or the request as the caller made it, cannot work.
        public static let configuration = Code(rawValue: "configuration")
        /// The caller's task was cancelled, or the client shut down.
        public static let cancelled = Code(rawValue: "cancelled")
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, for people.
    public let message: String
    /// The request, as `GET /api/v1/namespaces/x`; `nil` where there was none yet.
    public let request: String?
    /// The HTTP status of the answer, where there was one.
    public let httpStatus: Int?
    /// The server's own account, where it gave one.
    public let status: Status?
    /// When the server asks to be tried again.
    public let retryAfter: Duration?
    /// Whether a connection that had come about broke before the answer was whole.
    var isBrokenConnection = false

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, request: String? = nil, httpStatus: Int? = nil, status: Status? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.request = request
        self.httpStatus = httpStatus
        self.status = status
        self.retryAfter = retryAfter
    }
}

extension KubernetesError {
    /// The server's reason, as `NotFound`; where it gave none, the one that belongs to the HTTP status.
    public var reason: String? {
        if let reason = status?.reason, !reason.isEmpty { return reason }
        guard code == .api else { return nil }
        return switch httpStatus {
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "RequestEntityTooLarge"
        case 415: "UnsupportedMediaType"
        case 422: "Invalid"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: nil
        }
    }

    private func isAPI(_ httpStatus: Int) -> Bool {
        code == .api && (self.httpStatus ?? status?.code) == httpStatus
    }

    /// No such object, or no such kind.
    public var isNotFound: Bool { isAPI(404) }
    /// The object changed since it was read, or another manager owns the field.
    public var isConflict: Bool { isAPI(409) && reason != "AlreadyExists" }
    /// An object of that name is there already.
    public var isAlreadyExists: Bool { isAPI(409) && reason == "AlreadyExists" }
    /// The credentials are missing or unknown.
    public var isUnauthorized: Bool { isAPI(401) }
    /// The credentials do not suffice.
    public var isForbidden: Bool { isAPI(403) }
    /// The object breaks a rule of its kind.
    public var isInvalid: Bool { isAPI(422) }
    /// The version or page asked for is no longer there: list anew.
    public var isGone: Bool { isAPI(410) }
    /// Whether the namespace is being deleted, so that nothing can be created in it.
    public var isNamespaceTerminating: Bool {
        isAPI(403) && status?.details?.causes?.contains { $0.reason == "NamespaceTerminating" } == true
    }

    /// Whether the same request may succeed later without anyone changing it.
    public var isRetryable: Bool {
        switch code {
        case .connection, .timeout, .invalidResponse: true
        case .api:
            switch httpStatus ?? status?.code ?? 0 {
            case 408, 409, 410, 429, 500...599: true
            default: false
            }
        default: false
        }
    }

    /// The same error, named after the request that it ended.
    func during(_ request: String) -> KubernetesError {
        var named = KubernetesError(
            code, message, request: self.request ?? request, httpStatus: httpStatus, status: status,
            retryAfter: retryAfter)
        named.isBrokenConnection = isBrokenConnection
        return named
    }
}

extension KubernetesError: CustomStringConvertible {
    /// The request, what happened, and the HTTP status with its reason.
    public var description: String {
        var text = request.map { "\($0): " } ?? ""
        text += message
        if code == .api, let httpStatus { text += " (\(httpStatus)\(reason.map { " \($0)" } ?? ""))" }
        return text
    }
}
