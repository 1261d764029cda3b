extension Kubeconfig {
    /// The plug-in that a user's `exec` names, if any.
    /// - Parameter configuration: what is known of the cluster, for a plug-in that wants to be told.
    static func execPlugin(
        _ user: Entry, _ cluster: Entry, _ configuration: ClientConfiguration
    ) throws(KubernetesError) -> ExecPlugin? {
        guard let exec = user.value["exec"], !exec.isNull else { return nil }
        guard exec.object != nil else { throw broken(user.file, "exec must be a mapping") }
        guard let command = exec["command"]?.string, !command.isEmpty else {
            throw broken(user.file, "exec names no command")
        }
        let version = exec["apiVersion"]?.string ?? ""
        guard let version = ExecPlugin.Version(rawValue: version) else {
            throw broken(
                user.file,
                "exec must name the apiVersion client.authentication.k8s.io/v1 or …/v1beta1, not \"\(version)\"")
        }
        var plugin = ExecPlugin(
            // A command with a slash lies relative to the kubeconfig, one without is looked up in PATH.
            version: version, command: command.contains("/") ? resolve(command, user) : command,
            arguments: try strings(user, "args of exec", exec["args"]), environment: try environment(user, exec["env"]),
            installHint: exec["installHint"]?.string,
            interactiveMode: try interactiveMode(user, exec["interactiveMode"], version))
        if let wants = exec["provideClusterInfo"], !wants.isNull {
            guard let wants = wants.bool else { throw broken(user.file, "provideClusterInfo must be true or false") }
            if wants { plugin.cluster = account(of: cluster, configuration) }
        }
        return plugin
    }

    private static func environment(
        _ user: Entry, _ value: JSONValue?
    ) throws(KubernetesError) -> [String: String] {
        guard let value, !value.isNull else { return [:] }
        guard let items = value.array else { throw broken(user.file, "env of exec must be a list") }
        var environment: [String: String] = [:]
        for item in items {
            guard let name = item["name"]?.string, !name.isEmpty, !name.contains("="),
                let text = item["value"]?.string
            else { throw broken(user.file, "an item of exec's env must have a name and a value, both strings") }
            environment[name] = text
        }
        return environment
    }

    private static func interactiveMode(
        _ user: Entry, _ value: JSONValue?, _ version: ExecPlugin.Version
    ) throws(KubernetesError) -> ExecPlugin.InteractiveMode {
        guard let value, !value.isNull else {
            // The older version knew no such choice.
            guard version == .v1beta1 else {
                throw broken(user.file, "exec of client.authentication.k8s.io/v1 must name an interactiveMode")
            }
            return .ifAvailable
        }
        guard let mode = value.string.flatMap({ ExecPlugin.InteractiveMode(rawValue: $0) }) else {
            throw broken(user.file, "interactiveMode must be Never, IfAvailable or Always")
        }
        return mode
    }

    private static func account(of cluster: Entry, _ configuration: ClientConfiguration) -> ExecPlugin.Cluster {
        let extensions = cluster.value["extensions"]?.array ?? []
        return ExecPlugin.Cluster(
            server: configuration.server, tlsServerName: configuration.tls.serverName,
            insecureSkipTLSVerify: configuration.tls.insecureSkipVerify,
            certificateAuthority: configuration.tls.certificateAuthority,
            proxyURL: cluster.value["proxy-url"]?.string,
            config: extensions.first { $0["name"] == "client.authentication.k8s.io/exec" }?["extension"])
    }
}
