/// The server's account of a request that failed (`metav1.Status`).
public struct Status: Codable, Sendable, Hashable {
    /// `Success` or `Failure`.
    public var status: String?
    /// What happened, for people.
    public var message: String?
    /// What happened, as one CamelCase word: `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Expired`, ….
    public var reason: String?
    /// The HTTP status that belongs to it.
    public var code: Int?
    /// What it is about.
    public var details: Details?

    /// Makes a status.
    public init(
        status: String? = nil, message: String? = nil, reason: String? = nil, code: Int? = nil, details: Details? = nil
    ) {
        self.status = status
        self.message = message
        self.reason = reason
        self.code = code
        self.details = details
    }

    /// What a status is about.
    public struct Details: Codable, Sendable, Hashable {
        /// The name of the object.
        public var name: String?
        /// The group of its kind.
        public var group: String?
        /// Its kind or resource.
        public var kind: String?
        /// Its uid.
        public var uid: String?
        /// Each thing that was wrong.
        public var causes: [Cause]?
        /// When to try again.
        public var retryAfterSeconds: Int?

        /// Makes details.
        public init(
            name: String? = nil, group: String? = nil, kind: String? = nil, uid: String? = nil,
            causes: [Cause]? = nil, retryAfterSeconds: Int? = nil
        ) {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
            self.causes = causes
            self.retryAfterSeconds = retryAfterSeconds
        }
    }

    /// One thing that was wrong.
    public struct Cause: Codable, Sendable, Hashable {
        /// As one CamelCase word: `FieldValueInvalid`, ….
        public var reason: String?
        /// For people.
        public var message: String?
        /// The field, as `spec.replicas`.
        public var field: String?

        /// Makes a cause.
        public init(reason: String? = nil, message: String? = nil, field: String? = nil) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }
}
