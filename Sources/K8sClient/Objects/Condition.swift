/// One aspect of an object's state (`metav1.Condition`).
public struct Condition: Codable, Sendable, Hashable {
    /// `True`, `False` or `Unknown`.
    public struct State: RawRepresentable, Codable, Sendable, Hashable {
        /// The text that the API uses.
        public let rawValue: String
        /// Makes one from the text that the API uses.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The aspect holds.
        public static let `true` = State(rawValue: "True")
        /// The aspect does not hold.
        public static let `false` = State(rawValue: "False")
        /// It cannot be said.
        public static let unknown = State(rawValue: "Unknown")
    }

    /// The aspect, as `Ready`.
    public var type: String
    /// Whether it holds.
    public var status: State
    /// The generation that was looked at.
    public var observedGeneration: Int64?
    /// When `status` last changed (RFC 3339).
    public var lastTransitionTime: String
    /// Why, as one CamelCase word.
    public var reason: String
    /// Why, for people.
    public var message: String

    /// Makes a condition.
    public init(
        type: String, status: State, observedGeneration: Int64? = nil, lastTransitionTime: String, reason: String,
        message: String
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }

    private enum CodingKeys: String, CodingKey {
        case type, status, observedGeneration, lastTransitionTime, reason, message
    }

    /// Reads leniently what older kinds leave out: reason, message and time.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        type = try fields.decode(String.self, forKey: .type)
        status = try fields.decode(State.self, forKey: .status)
        observedGeneration = try fields.decodeIfPresent(Int64.self, forKey: .observedGeneration)
        lastTransitionTime = try fields.decodeIfPresent(String.self, forKey: .lastTransitionTime) ?? ""
        reason = try fields.decodeIfPresent(String.self, forKey: .reason) ?? ""
        message = try fields.decodeIfPresent(String.self, forKey: .message) ?? ""
    }
}
