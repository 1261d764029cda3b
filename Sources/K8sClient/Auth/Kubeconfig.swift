/// One or more kubeconfig files, merged as `kubectl` merges them: what is named first stands.
struct Kubeconfig {
    struct Entry {
        let value: JSONValue
        /// The file it stands in: paths are relative to its folder.
        let file: String
    }

    private let files: [String]
    private var currentContext: (name: String, file: String)?
    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private var contexts: [String: Entry] = [:]

    /// What a kubeconfig may hold: certificates inline, for hundreds of clusters.
    private static let maximumBytes = 16 << 20

    /// - Parameter skipsMissing: whether a missing file is passed over, as long as another one is there.
    init(files: [String], skipsMissing: Bool) throws(KubernetesError) {
        self.files = files
        var readFiles = 0
        var missing: FileContents.Failure?
        for file in files {
            let bytes: [UInt8]
            do throws(FileContents.Failure) {
                bytes = try FileContents.read(file, limit: Self.maximumBytes)
            } catch {
                guard error.isMissing, skipsMissing else { throw Self.unreadable(error) }
                missing = error
                continue
            }
            readFiles += 1
            try merge(bytes, file)
        }
        if readFiles == 0, let missing { throw Self.unreadable(missing) }
    }

    private static func unreadable(_ failure: FileContents.Failure) -> KubernetesError {
        let advice =
            failure.isMissing ? "; name the right file with --kubeconfig or the environment variable KUBECONFIG" : ""
        return KubernetesError(.configuration, "the kubeconfig cannot be read: \(failure)\(advice)")
    }

    private mutating func merge(_ bytes: [UInt8], _ file: String) throws(KubernetesError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.broken(file, "it is not UTF-8 text")
        }
        let documents: [YAML.Document]
        do throws(YAML.SyntaxError) {
            // Whom to trust must not hang on a word that only some readers of YAML take for true.
            documents = try YAML.parse(text, .literal)
        } catch {
            throw Self.broken(file, error.description)
        }
        guard documents.count <= 1 else { throw Self.broken(file, "it holds several documents") }
        guard let document = documents.first?.value else { return }
        guard document.object != nil else { throw Self.broken(file, "it is no mapping") }
        if currentContext == nil, let name = document["current-context"]?.string, !name.isEmpty {
            currentContext = (name, file)
        }
        try Self.merge(document, "clusters", "cluster", file, into: &clusters)
        try Self.merge(document, "users", "user", file, into: &users)
        try Self.merge(document, "contexts", "context", file, into: &contexts)
    }

    private static func merge(
        _ document: JSONValue, _ list: String, _ member: String, _ file: String, into entries: inout [String: Entry]
    ) throws(KubernetesError) {
        guard let value = document[list], !value.isNull else { return }
        guard let items = value.array else { throw broken(file, "\(list) must be a list") }
        for item in items {
            guard let name = item["name"]?.string else { throw broken(file, "an item of \(list) has no name") }
            if entries[name] == nil { entries[name] = Entry(value: item[member] ?? [:], file: file) }
        }
    }

    static func broken(_ file: String, _ reason: String) -> KubernetesError {
        KubernetesError(.configuration, "the kubeconfig \(file) cannot be used: \(reason)")
    }

    // MARK: One context

    func configuration(
        context: String?, _ environment: [String: String]
    ) throws(KubernetesError) -> ClientConfiguration {
        let place = files.joined(separator: ":")
        guard let name = context ?? currentContext?.name else {
            throw Self.broken(place, "it names no current-context; choose one with --context")
        }
        guard let entry = contexts[name] else {
            let known = contexts.keys.sorted().joined(separator: ", ")
            throw Self.broken(place, "it has no context \"\(name)\" (known: \(known.isEmpty ? "none" : known))")
        }
        guard let clusterName = entry.value["cluster"]?.string, let cluster = clusters[clusterName] else {
            throw Self.broken(entry.file, "the context \"\(name)\" names no known cluster")
        }
        var user = Entry(value: [:], file: entry.file)
        if let userName = entry.value["user"]?.string, !userName.isEmpty {
            guard let known = users[userName] else {
                throw Self.broken(entry.file, "the context \"\(name)\" names the unknown user \"\(userName)\"")
            }
            user = known
        }
        guard let server = cluster.value["server"]?.string, !server.isEmpty else {
            throw Self.broken(cluster.file, "the cluster \"\(clusterName)\" has no server")
        }
        // Checked here, where the file to mend can be named.
        let address: ServerAddress
        do throws(KubernetesError) {
            address = try ServerAddress(server)
        } catch {
            throw Self.broken(cluster.file, error.message)
        }
        try Self.refuseUnsupported(user)
        var configuration = ClientConfiguration(
            server: server, tls: try Self.tls(cluster, user), impersonation: try Self.impersonation(user),
            proxyURL: try Self.proxy(cluster) ?? ProxyEnvironment(environment).proxy(for: address))
        configuration.credentials = try Self.credentials(user, cluster, configuration)
        if let namespace = entry.value["namespace"]?.string, !namespace.isEmpty {
            configuration.defaultNamespace = namespace
        }
        return configuration
    }

    private static func refuseUnsupported(_ user: Entry) throws(KubernetesError) {
        let reasons = [
            ("auth-provider", "auth-provider has left Kubernetes in 1.26; use a plug-in (exec) or a token"),
            (
                "username",
                "API servers have no basic authentication since Kubernetes 1.19; use a token or a certificate"
            ),
            (
                "password",
                "API servers have no basic authentication since Kubernetes 1.19; use a token or a certificate"
            ),
        ]
        for (field, reason) in reasons {
            if let value = user.value[field], !value.isNull { throw broken(user.file, reason) }
        }
    }

    private static func proxy(_ cluster: Entry) throws(KubernetesError) -> String? {
        guard let url = cluster.value["proxy-url"]?.string, !url.isEmpty else { return nil }
        guard ["http://", "https://", "socks5://", "socks5h://"].contains(where: { url.hasPrefix($0) }) else {
            throw broken(cluster.file, "proxy-url must begin with http://, https:// or socks5://")
        }
        return url
    }

    private static func tls(_ cluster: Entry, _ user: Entry) throws(KubernetesError) -> ClientConfiguration.TLS {
        var tls = ClientConfiguration.TLS()
        tls.certificateAuthority = try pem(cluster, "certificate-authority")
        tls.clientCertificate = try pem(user, "client-certificate")
        tls.clientKey = try pem(user, "client-key")
        tls.serverName = cluster.value["tls-server-name"]?.string
        if let insecure = cluster.value["insecure-skip-tls-verify"], !insecure.isNull {
            guard let insecure = insecure.bool else {
                throw broken(cluster.file, "insecure-skip-tls-verify must be true or false")
            }
            tls.insecureSkipVerify = insecure
        }
        if tls.insecureSkipVerify, tls.certificateAuthority != nil {
            throw broken(
                cluster.file, "it names a certificate-authority and insecure-skip-tls-verify: only one can be meant")
        }
        guard (tls.clientCertificate == nil) == (tls.clientKey == nil) else {
            throw broken(user.file, "a client certificate and its key are only useful together")
        }
        return tls
    }

    /// What `FIELD-data` holds in base64, or the file that `FIELD` names.
    private static func pem(_ entry: Entry, _ field: String) throws(KubernetesError) -> PEM? {
        if let text = entry.value[field + "-data"]?.string, !text.isEmpty {
            guard let bytes = Base64.decode(text) else { throw broken(entry.file, "\(field)-data is not base64") }
            return .bytes(bytes)
        }
        guard let path = entry.value[field]?.string, !path.isEmpty else { return nil }
        let pem = PEM.file(resolve(path, entry))
        do throws(FileContents.Failure) {
            _ = try pem.read()
        } catch {
            throw broken(entry.file, "the \(field) that it names cannot be read: \(error)")
        }
        return pem
    }

    /// - Parameter configuration: what is known so far; a plug-in may want to know it.
    private static func credentials(
        _ user: Entry, _ cluster: Entry, _ configuration: ClientConfiguration
    ) throws(KubernetesError) -> Credentials {
        let plugin = try execPlugin(user, cluster, configuration)
        if let path = user.value["tokenFile"]?.string, !path.isEmpty {
            guard plugin == nil else { throw broken(user.file, "it names a tokenFile and exec: only one can be meant") }
            let path = resolve(path, user)
            do throws(FileContents.Failure) {
                _ = try FileContents.stamp(path)
            } catch {
                throw broken(user.file, "the tokenFile that it names cannot be read: \(error)")
            }
            return .tokenFile(path)
        }
        guard let token = user.value["token"]?.string, !token.isEmpty else { return plugin.map { .exec($0) } ?? .none }
        guard plugin == nil else { throw broken(user.file, "it names a token and exec: only one can be meant") }
        guard !token.contains(where: \.isWhitespace) else { throw broken(user.file, "the token holds white space") }
        return .token(token)
    }

    private static func impersonation(_ user: Entry) throws(KubernetesError) -> ClientConfiguration.Impersonation? {
        let groups = try strings(user, "as-groups", user.value["as-groups"])
        var extra: [String: [String]] = [:]
        if let value = user.value["as-user-extra"], !value.isNull {
            guard let members = value.object else { throw broken(user.file, "as-user-extra must be a mapping") }
            for (key, values) in members { extra[key] = try strings(user, "as-user-extra of \(key)", values) }
        }
        let uid = user.value["as-uid"]?.string
        guard let name = user.value["as"]?.string, !name.isEmpty else {
            guard groups.isEmpty, uid == nil, extra.isEmpty else {
                throw broken(user.file, "as-groups, as-uid and as-user-extra need as")
            }
            return nil
        }
        return ClientConfiguration.Impersonation(user: name, uid: uid, groups: groups, extra: extra)
    }

    static func strings(
        _ entry: Entry, _ what: String, _ value: JSONValue?
    ) throws(KubernetesError) -> [String] {
        guard let value, !value.isNull else { return [] }
        let strings = value.array?.compactMap(\.string)
        guard let strings, strings.count == value.array?.count else {
            throw broken(entry.file, "\(what) must be a list of strings")
        }
        return strings
    }

    /// Relative paths are relative to the file's folder.
    static func resolve(_ path: String, _ entry: Entry) -> String {
        guard !path.hasPrefix("/"), let slash = entry.file.lastIndex(of: "/") else { return path }
        return String(entry.file[...slash]) + path
    }
}
