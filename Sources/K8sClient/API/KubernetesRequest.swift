/// A request to the API server as a value: made and compared without any I/O, carried out by `KubernetesClient`.
public struct KubernetesRequest: Sendable, Hashable {
    /// An HTTP method.
    public struct Method: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The text that the API uses.
        public let rawValue: String
        /// Makes one from the text that the API uses.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// Makes one from the text that the API uses.
        public init(stringLiteral value: String) { rawValue = value }

        /// The method as it goes on the wire.
        public var description: String { rawValue }

        /// Reads.
        public static let get: Method = "GET"
        /// Creates.
        public static let post: Method = "POST"
        /// Replaces.
        public static let put: Method = "PUT"
        /// Changes.
        public static let patch: Method = "PATCH"
        /// Deletes.
        public static let delete: Method = "DELETE"
    }

    /// One name and value, of a query or a header.
    public typealias Field = HTTPField

    /// The HTTP method.
    public var method: Method
    /// The path, percent-encoded; it may bring a query of its own.
    public var path: String
    /// What is added to the path's query, not encoded.
    public var query: [Field]
    /// The body, if any.
    public var body: [UInt8]?
    /// What the body is.
    public var contentType: String?
    /// What the answer shall be.
    public var accept: String
    /// Further headers. `Authorization` comes from the client's configuration.
    public var headers: [Field]
    /// How long the answer may take as a whole; `nil` means the client's default, and no limit for streams.
    public var timeout: Duration?
    /// What metrics count it under: a verb of the API (`get`, `list`, `apply`, …).
    public var verb: String
    /// What metrics count it under: the plural name of the resource.
    public var resource: String
    /// Whether carrying it out twice leaves what carrying it out once leaves.
    public var isIdempotent: Bool
    /// Which part of the request budget it counts against; `nil` means the client's.
    public var lane: RequestBudget.Lane?

    /// JSON, what the API speaks unless asked otherwise.
    public static let json = "application/json"

    /// Makes a request.
    public init(
        _ method: Method, _ path: String, query: [Field] = [], body: [UInt8]? = nil, contentType: String? = nil,
        accept: String = KubernetesRequest.json, headers: [Field] = [], timeout: Duration? = nil, verb: String? = nil,
        resource: String = "", isIdempotent: Bool? = nil, lane: RequestBudget.Lane? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType ?? (body == nil ? nil : Self.json)
        self.accept = accept
        self.headers = headers
        self.timeout = timeout
        self.verb = verb ?? method.rawValue.lowercased()
        self.resource = resource
        self.isIdempotent = isIdempotent ?? (method != .post && method != .patch)
        self.lane = lane
    }

    /// Path and query as they go on the wire.
    public var target: String {
        guard !query.isEmpty else { return path }
        let encoded = query.map { field in
            PercentEncoding.query(field.name) + "=" + PercentEncoding.query(field.value)
        }
        return path + (path.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + encoded.joined(separator: "&")
    }

    /// Whether carrying it out twice cannot be told from carrying it out once, by its answer either: reads, and server-side
    /// apply. (A deletion's second answer would be that nothing is there, a replacement's that the version has changed.)
    var leavesNoTrace: Bool { method == .get || contentType == Patch.applyContentType }

    /// What errors and logs call this request: method and path, without the query.
    public var name: String { "\(method) \(path.prefix { $0 != "?" })" }
}

/// What the server answered, whatever its status.
public struct KubernetesResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The headers in the order in which they came.
    public let headers: [KubernetesRequest.Field]
    /// The body.
    public let body: [UInt8]

    /// Makes a response, for tests.
    public init(status: Int, headers: [KubernetesRequest.Field] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; its name in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
