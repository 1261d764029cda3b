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
    /// A proxy to go through, as `http://proxy:3128`, `https://…` or `socks5://…`; `nil` for none. A configuration that was
    /// loaded has the kubeconfig's, or else the one that the environment names (`HTTPS_PROXY`, `NO_PROXY`).
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
    /// How many requests run at once, and which of them never wait behind which.
    public var requestBudget: RequestBudget
    /// Which versions of HTTP are offered to the server.
    public var httpVersion: HTTPVersion

    /// The bound of a body that is not streamed: far above any page of a list, far below what hurts a machine.
    public static let defaultMaximumBodyBytes = 256 << 20

    /// Makes a configuration by hand.
    public init(
        server: String, tls: TLS = TLS(), credentials: Credentials = .none, impersonation: Impersonation? = nil,
        proxyURL: String? = nil, defaultNamespace: String = "default", userAgent: String = "chatbackend",
        requestTimeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(10),
        maximumBodyBytes: Int = ClientConfiguration.defaultMaximumBodyBytes,
        requestBudget: RequestBudget = RequestBudget(),
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
        self.requestBudget = requestBudget
        self.httpVersion = httpVersion
    }

    /// How many requests of the standard lane run at once; further ones wait. Streams do not count.
    public var maximumConcurrentRequests: Int {
        get { requestBudget.limit(of: .standard) }
        set { requestBudget.limits[.standard] = newValue }
    }

    /// How the connection is secured. Certificates and keys are PEM.
    public struct TLS: Sendable, Hashable {
        /// The authorities that may vouch for the server; `nil` means the system's.
        public var certificateAuthority: PEM?
        /// The certificate that proves who asks, with its chain.
        public var clientCertificate: PEM?
        /// The key of that certificate.
        public var clientKey: PEM?
        /// The name that the server's certificate must bear, where it is not the address's.
        public var serverName: String?
        /// Trust whoever answers. Only where a kubeconfig says so.
        public var insecureSkipVerify: Bool

        /// Makes TLS settings.
        public init(
            certificateAuthority: PEM? = nil, clientCertificate: PEM? = nil, clientKey: PEM? = nil,
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
        /// What else is known of the user, by keys as `example.com/department`.
        public var extra: [String: [String]]

        /// Makes an impersonation.
        public init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
            self.user = user
            self.uid = uid
            self.groups = groups
            self.extra = extra
        }

        /// The headers that ask for it.
        var headers: [String] {
            var headers = ["Impersonate-User: " + user]
            if let uid { headers.append("Impersonate-Uid: " + uid) }
            for group in groups { headers.append("Impersonate-Group: " + group) }
            for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
                let name = "Impersonate-Extra-" + PercentEncoding.headerName(key)
                for value in values { headers.append("\(name): \(value)") }
            }
            return headers
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

extension ClientConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The server and the kind of credentials; no secret.
    public var description: String { "\(server) with \(credentials)" }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows the server and the kind of credentials: keys, and a proxy's password, must not be in a dump.
    public var customMirror: Mirror {
        Mirror(self, children: ["server": server, "credentials": credentials.description])
    }
}
