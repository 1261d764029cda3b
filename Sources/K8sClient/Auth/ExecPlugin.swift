/// A program that hands out credentials (`client.authentication.k8s.io`), as a kubeconfig's `exec` names it.
///
/// It is run when a credential is needed: at the first request, a little before its last one expires, and when the server
/// no longer takes that one (401). Requests at the same time share one run.
public struct ExecPlugin: Sendable, Hashable {
    /// The version of the interface that the program speaks.
    public enum Version: String, Sendable, Hashable {
        /// `client.authentication.k8s.io/v1`.
        case v1 = "client.authentication.k8s.io/v1"
        /// `client.authentication.k8s.io/v1beta1`.
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    /// Whether the program may talk to a person through the standard input.
    public enum InteractiveMode: String, Sendable, Hashable {
        /// It gets no standard input.
        case never = "Never"
        /// It gets the standard input where that is a terminal.
        case ifAvailable = "IfAvailable"
        /// It cannot work without a terminal.
        case always = "Always"
    }

    /// What a program is told about the cluster when it asks for that (`provideClusterInfo`).
    public struct Cluster: Sendable, Hashable {
        /// The server's address.
        public var server: String
        /// The name that the server's certificate must bear, where it is not the address's.
        public var tlsServerName: String?
        /// Whether the server's certificate goes unchecked.
        public var insecureSkipTLSVerify: Bool
        /// The authorities that may vouch for the server.
        public var certificateAuthority: PEM?
        /// The proxy to go through.
        public var proxyURL: String?
        /// What the kubeconfig's cluster holds for plug-ins, under the extension `client.authentication.k8s.io/exec`.
        public var config: JSONValue?

        /// Makes the account of a cluster.
        public init(
            server: String, tlsServerName: String? = nil, insecureSkipTLSVerify: Bool = false,
            certificateAuthority: PEM? = nil, proxyURL: String? = nil, config: JSONValue? = nil
        ) {
            self.server = server
            self.tlsServerName = tlsServerName
            self.insecureSkipTLSVerify = insecureSkipTLSVerify
            self.certificateAuthority = certificateAuthority
            self.proxyURL = proxyURL
            self.config = config
        }
    }

    /// The version of the interface.
    public var version: Version
    /// The program: a path, or a name to look up in `PATH`.
    public var command: String
    /// Its arguments.
    public var arguments: [String]
    /// What is added to its environment, beside `KUBERNETES_EXEC_INFO`.
    public var environment: [String: String]
    /// What to tell a person when the program is not there.
    public var installHint: String?
    /// Whether it may talk to a person.
    public var interactiveMode: InteractiveMode
    /// What it is told about the cluster; `nil` when it does not ask.
    public var cluster: Cluster?
    /// How long one run may take.
    public var timeout: Duration

    /// Describes a program.
    public init(
        version: Version = .v1, command: String, arguments: [String] = [], environment: [String: String] = [:],
        installHint: String? = nil, interactiveMode: InteractiveMode = .never, cluster: Cluster? = nil,
        timeout: Duration = .seconds(60)
    ) {
        self.version = version
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.installHint = installHint
        self.interactiveMode = interactiveMode
        self.cluster = cluster
        self.timeout = timeout
    }

    /// What the program finds in `KUBERNETES_EXEC_INFO`.
    func info(isInteractive: Bool) throws(FileContents.Failure) -> JSONValue {
        var spec: JSONValue = ["interactive": .bool(isInteractive)]
        if let cluster {
            var account: JSONValue = ["server": .string(cluster.server)]
            if let name = cluster.tlsServerName { account["tls-server-name"] = .string(name) }
            if cluster.insecureSkipTLSVerify { account["insecure-skip-tls-verify"] = true }
            if let authority = try cluster.certificateAuthority?.read() {
                account["certificate-authority-data"] = .string(Base64.encode(authority))
            }
            if let proxy = cluster.proxyURL { account["proxy-url"] = .string(proxy) }
            account["config"] = cluster.config
            spec["cluster"] = account
        }
        return ["apiVersion": .string(version.rawValue), "kind": "ExecCredential", "spec": spec]
    }
}

extension ExecPlugin: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The program; its arguments and environment may hold secrets.
    public var description: String { "the plug-in \(command)" }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows the program alone.
    public var customMirror: Mirror { Mirror(self, children: ["command": command]) }
}

/// What a plug-in handed out. Its description shows no secret.
struct ExecCredential: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    var token: String?
    var clientCertificate: [UInt8]?
    var clientKey: [UInt8]?
    /// When it ends; `nil` when it lasts as long as the process.
    var expiry: Timestamp?

    var description: String { "a credential of a plug-in" }
    var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Reads what a plug-in printed.
    /// - Returns: the credential, or why it is none; the reason never quotes the output.
    static func parse(_ output: [UInt8], version: ExecPlugin.Version) -> Result<ExecCredential, Reason> {
        guard let document = try? JSONValue(parsing: output) else {
            return .failure(Reason("what it printed is no JSON"))
        }
        guard document["kind"]?.string == "ExecCredential" else {
            return .failure(Reason("what it printed is no ExecCredential"))
        }
        guard document["apiVersion"]?.string == version.rawValue else {
            return .failure(
                Reason("what it printed is not of the version \(version.rawValue) that the kubeconfig names"))
        }
        guard let status = document["status"], status.object != nil else {
            return .failure(Reason("what it printed has no status"))
        }
        var credential = ExecCredential()
        if let token = status["token"]?.string, !token.isEmpty {
            guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return .failure(Reason("its token holds white space or control characters"))
            }
            credential.token = token
        }
        let certificate = status["clientCertificateData"]?.string ?? ""
        let key = status["clientKeyData"]?.string ?? ""
        guard certificate.isEmpty == key.isEmpty else {
            return .failure(Reason("a client certificate and its key are only useful together"))
        }
        if !certificate.isEmpty {
            credential.clientCertificate = Array(certificate.utf8)
            credential.clientKey = Array(key.utf8)
        }
        guard credential.token != nil || credential.clientCertificate != nil else {
            return .failure(Reason("it gave neither a token nor a client certificate"))
        }
        if let expiry = status["expirationTimestamp"], !expiry.isNull {
            guard let time = expiry.string.flatMap({ Timestamp(rfc3339: $0) }) else {
                return .failure(Reason("its expirationTimestamp is no time of RFC 3339"))
            }
            credential.expiry = time
        }
        return .success(credential)
    }

    /// A clause for people.
    struct Reason: Error, Hashable {
        let text: String
        init(_ text: String) { self.text = text }
    }
}
