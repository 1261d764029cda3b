#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension ClientConfiguration {
    /// Finds the configuration as `kubectl` does.
    ///
    /// In this order: the file given; the files that `KUBECONFIG` lists, merged; the service account of the pod that this
    /// runs in; `~/.kube/config`.
    /// - Parameters:
    ///   - kubeconfigPath: what a command line names with `--kubeconfig`.
    ///   - context: the context to use instead of the current one.
    ///   - environment: the process's environment; it may name a proxy, where the kubeconfig does not.
    /// - Throws: `KubernetesError` with code `configuration`, which names the file and says what to do.
    public static func load(
        kubeconfigPath: String? = nil, context: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(KubernetesError) -> ClientConfiguration {
        if let kubeconfigPath {
            return try Kubeconfig(files: [kubeconfigPath], skipsMissing: false).configuration(
                context: context, environment)
        }
        let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty {
            return try Kubeconfig(files: listed, skipsMissing: true).configuration(
                context: context, environment)
        }
        if environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false, context == nil {
            return try inCluster(environment: environment)
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw KubernetesError(
                .configuration,
                "no cluster is configured: name a kubeconfig with --kubeconfig or KUBECONFIG (HOME is not set either)")
        }
        return try Kubeconfig(files: [home + "/.kube/config"], skipsMissing: false).configuration(
            context: context, environment)
    }

    /// Where every pod finds its service account.
    public static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The service account of the pod that this runs in. Its token and authority are read again as the kubelet renews them.
    /// - Parameters:
    ///   - environment: the process's environment, which names the server.
    ///   - folder: where the token, the authority and the namespace lie.
    public static func inCluster(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: String = ClientConfiguration.serviceAccountFolder
    ) throws(KubernetesError) -> ClientConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw KubernetesError(
                .configuration, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod")
        }
        let authority = PEM.file(folder + "/ca.crt")
        let namespace: [UInt8]
        do throws(FileContents.Failure) {
            _ = try authority.read()
            _ = try FileContents.stamp(folder + "/token")
            namespace = try FileContents.read(folder + "/namespace", limit: 1 << 10)
        } catch {
            throw KubernetesError(
                .configuration,
                "the pod's service account cannot be read: \(error) (is automountServiceAccountToken false?)")
        }
        let server = "https://" + (host.contains(":") ? "[\(host)]" : host) + ":" + port
        return ClientConfiguration(
            server: server, tls: TLS(certificateAuthority: authority), credentials: .tokenFile(folder + "/token"),
            proxyURL: ProxyEnvironment(environment).proxy(for: try ServerAddress(server)),
            defaultNamespace: String(decoding: namespace, as: UTF8.self).filter { !$0.isWhitespace })
    }
}
