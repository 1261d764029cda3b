import K8sClient

/// A pod's `/etc/hosts`: the Services' names stand in it, because there is no cluster DNS on a machine's own network.
enum HostsFile {
    /// - Parameters:
    ///   - headless: the ready addresses behind a headless Service.
    ///   - hosts: the ready pods that have a name of their own below a Service's.
    static func text(
        pod: JSONValue, podIP: String, services: [JSONValue], headless: (JSONValue) -> [String],
        hosts: (JSONValue) -> [(hostname: String, address: String)] = { _ in [] }
    ) -> String {
        let hostname = pod["spec", "hostname"]?.string ?? pod.meta.name
        let subdomain = pod["spec", "subdomain"]?.string ?? ""
        let full = subdomain.isEmpty ? "" : "\(hostname).\(subdomain).\(pod.meta.namespace).svc.cluster.local\t"
        var lines = [
            "# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback",
            "\(podIP)\t\(full)\(hostname)",
        ]
        for alias in pod.items("spec", "hostAliases") {
            let names = alias.items("hostnames").compactMap(\.string).joined(separator: "\t")
            lines.append("\(alias["ip"]?.string ?? "")\t\(names)")
        }
        let own = pod.meta.namespace
        for service in services {
            let meta = service.meta
            let qualified = "\(meta.name).\(meta.namespace)"
            var names = ["\(qualified).svc.cluster.local", "\(qualified).svc", qualified]
            if meta.namespace == own { names.append(meta.name) }
            let clusterIP = service["spec", "clusterIP"]?.string ?? ""
            let addresses = clusterIP == "None" ? headless(service) : [clusterIP]
            for address in addresses where !address.isEmpty {
                lines.append("\(address)\t\(names.joined(separator: "\t"))")
            }
            for host in hosts(service) {
                lines.append("\(host.address)\t\(names.map { "\(host.hostname).\($0)" }.joined(separator: "\t"))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
