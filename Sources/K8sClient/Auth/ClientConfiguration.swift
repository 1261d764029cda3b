/// Where the API server is, how it is trusted and who asks.
public struct ClientConfiguration: Sendable {
    /// The server's address, as `https://host:6443`.
    public var server: String
    /// How the connection is secured.
    public var tls: TLS
    /// What proves who asks, beside a client certificate.
    public var credentials: Credentials
    /// As whom the server shall treat the requests, where that is someone else.
    public var impersonation: Impersonation?
    /// A proxy to go through, as `http://proxy:3128`.
    public var proxyURL: String?
    /// The namespace that the context names; `default` otherwise.
    public var defaultNamespace: String
    /// How clients introduce themselves.
    public var userAgent: String
    /// How long an answer may take as a whole, unless the request says otherwise.
    public var requestTimeout: Duration
    /// How long connecting may take.
    public var connectTimeout: Duration
    /// The longest body that is taken in as a whole; what is longer ends in an error.
    public var maximumBodyBytes: Int
    /// How many requests run at once; further ones wait. Streams do not count.
    public var maximumConcurrentRequests: Int
    /// Which versions of HTTP are offered to the server.
    public var httpVersion: HTTPVersion

    /// The bound of a body that is not streamed: far above any page of a list, far below what hurts a machine.
    public static let defaultMaximumBodyBytes = 256 << 20

    /// Makes a configuration by hand.
    public init(
        server: String, tls: TLS = TLS(), credentials: Credentials = .none, impersonation: Impersonation? = nil,
        proxyURL: String? = nil, defaultNamespace: String = "default", userAgent: String = "chatbackend",
        requestTimeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(10),
        maximumBodyBytes: Int = ClientConfiguration.defaultMaximumBodyBytes, maximumConcurrentRequests: Int = 32,
        httpVersion: HTTPVersion = .automatic
    ) {
        self.server = server
        self.tls = tls
        self.credentials = credentials
        self.impersonation = impersonation
        self.proxyURL = proxyURL
        self.defaultNamespace = defaultNamespace
        self.userAgent = userAgent
        self.requestTimeout = requestTimeout
        self.connectTimeout = connectTimeout
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumConcurrentRequests = maximumConcurrentRequests
        self.httpVersion = httpVersion
    }

    /// How the connection is secured. Certificates and keys are PEM.
    public struct TLS: Sendable, Hashable {
        /// The authorities that may vouch for the server; `nil` means the system's.
        public var certificateAuthority: [UInt8]?
        /// The certificate that proves who asks, with its chain.
        public var clientCertificate: [UInt8]?
        /// The key of that certificate.
        public var clientKey: [UInt8]?
        /// The name that the server's certificate must bear, where it is not the address's.
        public var serverName: String?
        /// Trust whoever answers. Only where a kubeconfig says so.
        public var insecureSkipVerify: Bool

        /// Makes TLS settings.
        public init(
            certificateAuthority: [UInt8]? = nil, clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil,
            serverName: String? = nil, insecureSkipVerify: Bool = false
        ) {
            self.certificateAuthority = certificateAuthority
            self.clientCertificate = clientCertificate
            self.clientKey = clientKey
            self.serverName = serverName
            self.insecureSkipVerify = insecureSkipVerify
        }
    }

    /// As whom the server shall treat requests.
    public struct Impersonation: Sendable, Hashable {
        /// The user's name.
        public var user: String
        /// The user's uid.
        public var uid: String?
        /// The user's groups.
        public var groups: [String]

        /// Makes an impersonation.
        public init(user: String, uid: String? = nil, groups: [String] = []) {
            self.user = user
            self.uid = uid
            self.groups = groups
        }
    }

    /// Which versions of HTTP are offered to the server.
    public enum HTTPVersion: Sendable, Hashable {
        /// HTTP/2 where the server negotiates it and libcurl is fit for it (8.5 or later), else HTTP/1.1. Streams always use
        /// HTTP/1.1: each has a connection of its own, so that a slow consumer holds up nothing else.
        case automatic
        /// HTTP/1.1.
        case http1
    }
}
