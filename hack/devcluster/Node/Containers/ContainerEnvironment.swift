import K8sClient

/// Why a container cannot be set up from what its pod refers to: `CreateContainerConfigError` with this message.
struct ContainerConfigError: Error, Hashable, Sendable {
    let message: String
}

/// Builds a container's environment from `env`, `envFrom` and the Services; pure but for looking objects up.
struct ContainerEnvironment {
    let pod: JSONValue
    let podIP: String
    let hostIP: String
    /// The Services whose variables the pod gets (`enableServiceLinks`).
    let services: [JSONValue]
    /// A ConfigMap or Secret of the pod's namespace, by kind and name; nil when there is none.
    let lookUp: (GroupResource, String) throws -> JSONValue?

    /// - Parameters:
    ///   - base: variables that everything else may replace.
    ///   - image: the image map's variables, which replace everything else.
    func variables(for container: JSONValue, base: [String: String], image: [String: String]) throws
        -> [String: String]
    {
        var result = base
        if pod["spec", "enableServiceLinks"]?.bool ?? true {
            result.merge(Self.serviceVariables(services)) { $1 }
        }
        for source in container.items("envFrom") { result.merge(try variables(from: source)) { $1 } }
        for entry in container.items("env") {
            guard let name = entry["name"]?.string else { continue }
            if let source = entry["valueFrom"] {
                if let value = try value(from: source, container) { result[name] = value }
            } else {
                result[name] = VariableExpansion.expand(entry["value"]?.string ?? "", result)
            }
        }
        var known = result
        known["POD_IP"] = podIP
        for (name, value) in image { result[name] = VariableExpansion.expand(value, known) }
        return result
    }

    private func variables(from source: JSONValue) throws -> [String: String] {
        let prefix = source["prefix"]?.string ?? ""
        var found: [String: String] = [:]
        for (member, resource, kind) in [
            ("configMapRef", GroupResource.configMaps, "configmap"), ("secretRef", .secrets, "secret"),
        ] {
            guard let reference = source[member], let name = reference["name"]?.string else { continue }
            guard let object = try lookUp(resource, name) else {
                if reference["optional"]?.bool == true { continue }
                throw ContainerConfigError(message: "\(kind) \"\(name)\" not found")
            }
            for (key, value) in object.payloads(of: resource).texts { found[prefix + key] = value }
        }
        return found
    }

    private func value(from source: JSONValue, _ container: JSONValue) throws -> String? {
        for (member, resource, kind) in [
            ("configMapKeyRef", GroupResource.configMaps, "configmap"), ("secretKeyRef", .secrets, "secret"),
        ] {
            guard let reference = source[member] else { continue }
            let name = reference["name"]?.string ?? ""
            let key = reference["key"]?.string ?? ""
            let isOptional = reference["optional"]?.bool == true
            guard let object = try lookUp(resource, name) else {
                if isOptional { return nil }
                throw ContainerConfigError(message: "\(kind) \"\(name)\" not found")
            }
            guard let value = object.payloads(of: resource).texts[key] else {
                if isOptional { return nil }
                let title = kind == "secret" ? "Secret" : "ConfigMap"
                throw ContainerConfigError(
                    message: "couldn't find key \(key) in \(title) \(pod.meta.namespace)/\(name)")
            }
            return value
        }
        if let path = source["fieldRef", "fieldPath"]?.string {
            return try DownwardAPI(pod: pod, podIP: podIP, hostIP: hostIP).field(path)
        }
        if let reference = source["resourceFieldRef"] {
            return try DownwardAPI.resource(reference, of: container)
        }
        throw ContainerConfigError(message: "an env entry's valueFrom names no source that this node knows")
    }

    /// `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT` and the older Docker links, for each Service with an address.
    static func serviceVariables(_ services: [JSONValue]) -> [String: String] {
        var result: [String: String] = [:]
        for service in services {
            guard let address = service["spec", "clusterIP"]?.string, address != "None", !address.isEmpty else {
                continue
            }
            let name = variableName(service.meta.name)
            result["\(name)_SERVICE_HOST"] = address
            for (index, port) in service.items("spec", "ports").enumerated() {
                guard let number = port["port"]?.int else { continue }
                let transport = (port["protocol"]?.string ?? "TCP").lowercased()
                if index == 0 {
                    result["\(name)_SERVICE_PORT"] = String(number)
                    result["\(name)_PORT"] = "\(transport)://\(address):\(number)"
                }
                if let portName = port["name"]?.string, !portName.isEmpty {
                    result["\(name)_SERVICE_PORT_\(variableName(portName))"] = String(number)
                }
                let link = "\(name)_PORT_\(number)_\(transport.uppercased())"
                result[link] = "\(transport)://\(address):\(number)"
                result[link + "_PROTO"] = transport
                result[link + "_PORT"] = String(number)
                result[link + "_ADDR"] = address
            }
        }
        return result
    }

    private static func variableName(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" || $0 == "." ? "_" : $0 })
    }
}
