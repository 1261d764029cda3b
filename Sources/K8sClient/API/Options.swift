/// Which objects of a kind are asked for, and how.
public struct ListOptions: Sendable, Hashable {
    /// Only objects with these labels, as `app=web,tier in (a,b)`.
    public var labelSelector: String?
    /// Only objects with these fields, as `metadata.name=web`.
    public var fieldSelector: String?
    /// At most so many objects in one page.
    public var limit: Int?
    /// The page after the one that answered this.
    public var `continue`: String?
    /// The version from which on the answer may be.
    public var resourceVersion: String?
    /// How the version is meant: `Exact` or `NotOlderThan`.
    public var resourceVersionMatch: String?

    /// Makes options; what is not given is left to the server.
    public init(
        labelSelector: String? = nil, fieldSelector: String? = nil, limit: Int? = nil, continue: String? = nil,
        resourceVersion: String? = nil, resourceVersionMatch: String? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continue = `continue`
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
    }
}

/// What the server does with fields that a kind does not have.
public enum FieldValidation: String, Sendable, Hashable {
    /// Drops them.
    case ignore = "Ignore"
    /// Drops them and says so in a `Warning` header.
    case warn = "Warn"
    /// Refuses the object.
    case strict = "Strict"
}

/// How an object is created, replaced or patched.
public struct WriteOptions: Sendable, Hashable {
    /// Under which name the server notes the fields that are set.
    public var fieldManager: String?
    /// Go through everything but store nothing.
    public var dryRun: Bool
    /// What happens to unknown fields; `nil` leaves it to the server.
    public var fieldValidation: FieldValidation?
    /// With a server-side apply: take fields over from other managers.
    public var force: Bool

    /// Makes options.
    public init(
        fieldManager: String? = nil, dryRun: Bool = false, fieldValidation: FieldValidation? = nil, force: Bool = false
    ) {
        self.fieldManager = fieldManager
        self.dryRun = dryRun
        self.fieldValidation = fieldValidation
        self.force = force
    }
}

/// How a manifest is applied.
public struct ApplyOptions: Sendable, Hashable {
    /// Who applies: fields that this manager stops applying are removed.
    public var fieldManager: String
    /// Take fields over from other managers instead of failing with a conflict.
    public var force: Bool
    /// Go through everything but store nothing.
    public var dryRun: Bool
    /// What happens to unknown fields; `nil` leaves it to the server.
    public var fieldValidation: FieldValidation?

    /// Makes options.
    public init(
        fieldManager: String, force: Bool = false, dryRun: Bool = false, fieldValidation: FieldValidation? = nil
    ) {
        self.fieldManager = fieldManager
        self.force = force
        self.dryRun = dryRun
        self.fieldValidation = fieldValidation
    }
}

/// How an object is deleted.
public struct DeleteOptions: Sendable, Hashable {
    /// What happens to the objects that this one owns.
    public enum PropagationPolicy: String, Sendable, Hashable {
        /// They are collected afterwards.
        case background = "Background"
        /// They go first.
        case foreground = "Foreground"
        /// They stay.
        case orphan = "Orphan"
    }

    /// What must be true of the object, or nothing is deleted.
    public struct Preconditions: Sendable, Hashable {
        /// The object's uid.
        public var uid: String?
        /// The object's version.
        public var resourceVersion: String?

        /// Makes preconditions.
        public init(uid: String? = nil, resourceVersion: String? = nil) {
            self.uid = uid
            self.resourceVersion = resourceVersion
        }
    }

    /// What happens to the objects that this one owns; `nil` leaves it to the kind.
    public var propagationPolicy: PropagationPolicy?
    /// How long a pod has to end.
    public var gracePeriodSeconds: Int?
    /// What must be true of the object.
    public var preconditions: Preconditions?
    /// Go through everything but delete nothing.
    public var dryRun: Bool

    /// Makes options.
    public init(
        propagationPolicy: PropagationPolicy? = nil, gracePeriodSeconds: Int? = nil,
        preconditions: Preconditions? = nil, dryRun: Bool = false
    ) {
        self.propagationPolicy = propagationPolicy
        self.gracePeriodSeconds = gracePeriodSeconds
        self.preconditions = preconditions
        self.dryRun = dryRun
    }
}

/// A part of an object with a URL of its own.
public struct Subresource: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    /// The text that the API uses.
    public let rawValue: String
    /// Makes one from the text that the API uses.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Makes one from the text that the API uses.
    public init(stringLiteral value: String) { rawValue = value }

    /// What the controller writes.
    public static let status: Subresource = "status"
    /// The number of replicas, the same for every kind.
    public static let scale: Subresource = "scale"
    /// Tokens of a service account.
    public static let token: Subresource = "token"
    /// The output of a pod's container.
    public static let log: Subresource = "log"
    /// The finalizers of a namespace.
    public static let finalize: Subresource = "finalize"

    /// The kind of document under it; `nil` where it is the object's own.
    var kind: String? {
        switch self {
        case .scale: "Scale"
        case .token: "TokenRequest"
        default: nil
        }
    }
}
