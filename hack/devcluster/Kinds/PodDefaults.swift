import K8sClient

/// What the API server fills in for pods and pod templates.
enum PodDefaults {
    static func apply(toTemplate template: inout JSONValue) {
        template.setDefault("metadata", value: [:])
        var spec = template["spec"] ?? [:]
        apply(toSpec: &spec)
        template["spec"] = spec
    }

    static func apply(toSpec spec: inout JSONValue) {
        spec.setDefault("restartPolicy", value: "Always")
        spec.setDefault("terminationGracePeriodSeconds", value: 30)
        spec.setDefault("dnsPolicy", value: "ClusterFirst")
        spec.setDefault("securityContext", value: [:])
        spec.setDefault("schedulerName", value: "default-scheduler")
        // The account has an old name as well, which always says the same.
        if let account = spec["serviceAccountName"] {
            spec["serviceAccount"] = account
        } else if let account = spec["serviceAccount"] {
            spec["serviceAccountName"] = account
        }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            spec.updateEach(list, change: complete(container:))
        }
        spec.updateEach("volumes", change: complete(volume:))
    }

    private static func complete(container: inout JSONValue) {
        container.setDefault("resources", value: [:])
        container.setDefault("terminationMessagePath", value: "/dev/termination-log")
        container.setDefault("terminationMessagePolicy", value: "File")
        container.setDefault("imagePullPolicy", value: .string(pullPolicy(container["image"]?.string ?? "")))
        // A limit without a request asks for the limit.
        for (name, limit) in container["resources", "limits"]?.object ?? [:]
        where container["resources", "requests", name] == nil {
            container["resources", "requests", name] = limit
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
            guard var probe = container[name] else { continue }
            probe.setDefault("timeoutSeconds", value: 1)
            probe.setDefault("periodSeconds", value: 10)
            probe.setDefault("successThreshold", value: 1)
            probe.setDefault("failureThreshold", value: 3)
            httpGet(&probe)
            container[name] = probe
        }
        for hook in ["postStart", "preStop"] {
            guard var handler = container["lifecycle", hook] else { continue }
            httpGet(&handler)
            container["lifecycle", hook] = handler
        }
        container.updateEach("env") { variable in
            if variable["valueFrom", "fieldRef"] != nil {
                variable.setDefault("valueFrom", "fieldRef", "apiVersion", value: "v1")
            }
        }
    }

    private static func httpGet(_ handler: inout JSONValue) {
        guard handler["httpGet"] != nil else { return }
        handler.setDefault("httpGet", "path", value: "/")
        handler.setDefault("httpGet", "scheme", value: "HTTP")
    }

    /// An image without a tag, or with the tag `latest`, may change behind its name.
    private static func pullPolicy(_ image: String) -> String {
        if image.contains("@") { return "IfNotPresent" }
        let name = image.split(separator: "/").last ?? ""
        let tag = name.split(separator: ":", maxSplits: 1).dropFirst().first
        return tag == nil || tag == "latest" ? "Always" : "IfNotPresent"
    }

    private static func complete(volume: inout JSONValue) {
        for source in ["secret", "configMap", "downwardAPI", "projected"] where volume[source] != nil {
            volume.setDefault(source, "defaultMode", value: 420)
        }
        if volume["hostPath"] != nil { volume.setDefault("hostPath", "type", value: "") }
        // A volume that names no source is an empty directory.
        if volume.object?.count == 1 { volume["emptyDir"] = [:] }
        guard var sources = volume["projected", "sources"]?.array else { return }
        for index in sources.indices where sources[index]["serviceAccountToken"] != nil {
            sources[index].setDefault("serviceAccountToken", "expirationSeconds", value: 3600)
        }
        volume["projected", "sources"] = .array(sources)
    }
}
