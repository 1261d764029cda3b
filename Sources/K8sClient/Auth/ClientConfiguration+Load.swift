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
    ///   - environment: the process's environment.
    /// - Throws: `KubernetesError` with code `configuration`, which names the file and says what to do.
    public static func load(
        kubeconfigPath: String? = nil, context: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(KubernetesError) -> ClientConfiguration {
        if let kubeconfigPath {
            return try Kubeconfig(files: [kubeconfigPath], skipsMissing: false).configuration(context: context)
        }
        let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty {
            return try Kubeconfig(files: listed, skipsMissing: true).configuration(context: context)
        }
        if environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false, context == nil {
            return try inCluster(environment: environment)
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw KubernetesError(
                .configuration,
                "no cluster is configured: name a kubeconfig with --kubeconfig or KUBECONFIG (HOME is not set either)")
        }
        return try Kubeconfig(files: [home + "/.kube/config"], skipsMissing: false).configuration(context: context)
    }

    /// Where every pod finds its service account.
    public static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The service account of the pod that this runs in. Its token is read again as the kubelet renews it.
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
        let authority: [UInt8]
        let namespace: [UInt8]
        do throws(FileContents.Failure) {
            authority = try FileContents.read(folder + "/ca.crt", limit: 1 << 20)
            _ = try FileContents.stamp(folder + "/token")
            namespace = try FileContents.read(folder + "/namespace", limit: 1 << 10)
        } catch {
            throw KubernetesError(
                .configuration,
                "the pod's service account cannot be read: \(error) (is automountServiceAccountToken false?)")
        }
        return ClientConfiguration(
            server: "https://" + (host.contains(":") ? "[\(host)]" : host) + ":" + port,
            tls: TLS(certificateAuthority: authority), credentials: .tokenFile(folder + "/token"),
            defaultNamespace: String(decoding: namespace, as: UTF8.self).filter { !$0.isWhitespace })
    }
}
