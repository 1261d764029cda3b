import K8sClient

/// The checks of pods and pod templates that people run into.
enum PodValidation {
    /// - Parameter claims: volumes that a StatefulSet's claim templates will add.
    static func validate(
        spec: JSONValue, path: String, allowedRestartPolicies: [String], claims: [String] = [],
        _ errors: inout [FieldError]
    ) {
        let volumes = names(spec["volumes"]?.array ?? [], path: "\(path).volumes", &errors).union(claims)
        var containerNames: Set<String> = []
        for list in ["initContainers", "containers"] {
            for (index, container) in (spec[list]?.array ?? []).enumerated() {
                validate(container, path: "\(path).\(list)[\(index)]", volumes: volumes, &containerNames, &errors)
            }
        }
        if let policy = spec["restartPolicy"]?.string, !allowedRestartPolicies.contains(policy) {
            errors.append(.notSupported("\(path).restartPolicy", .string(policy), allowedRestartPolicies))
        }
        if let grace = spec["terminationGracePeriodSeconds"]?.int, grace < 0 {
            errors.append(
                .invalid(
                    "\(path).terminationGracePeriodSeconds", JSONValue(grace), "must be greater than or equal to 0"))
        }
        if let account = spec["serviceAccountName"]?.string, !account.isEmpty, !Names.isSubdomain(account) {
            errors.append(.invalid("\(path).serviceAccountName", .string(account), Names.subdomainRule))
        }
        if let policy = spec["dnsPolicy"]?.string,
            !["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"].contains(policy)
        {
            errors.append(
                .notSupported(
                    "\(path).dnsPolicy", .string(policy),
                    ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]))
        }
    }

    private static func names(_ items: [JSONValue], path: String, _ errors: inout [FieldError]) -> Set<String> {
        var seen: Set<String> = []
        for (index, item) in items.enumerated() {
            let name = item["name"]?.string ?? ""
            if name.isEmpty { continue }  // reported as missing already
            if !Names.isLabel(name) {
                errors.append(.invalid("\(path)[\(index)].name", .string(name), Names.labelRule))
            }
            if !seen.insert(name).inserted { errors.append(.duplicate("\(path)[\(index)].name", .string(name))) }
        }
        return seen
    }

    private static func validate(
        _ container: JSONValue, path: String, volumes: Set<String>, _ names: inout Set<String>,
        _ errors: inout [FieldError]
    ) {
        let name = container["name"]?.string ?? ""
        if !name.isEmpty {
            if !Names.isLabel(name) || name.utf8.count > 63 {
                errors.append(.invalid("\(path).name", .string(name), Names.labelRule))
            }
            if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
        }
        let image = container["image"]?.string ?? ""
        if image.isEmpty {
            errors.append(.required("\(path).image"))
        } else if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
            errors.append(.invalid("\(path).image", .string(image), "must not have leading or trailing whitespace"))
        }
        validatePorts(container["ports"]?.array ?? [], path: "\(path).ports", &errors)
        for (index, variable) in (container["env"]?.array ?? []).enumerated() {
            if variable["value"]?.string?.isEmpty == false, variable["valueFrom"] != nil {
                errors.append(
                    .invalid("\(path).env[\(index)].valueFrom", "", "may not be specified when `value` is not empty"))
            }
        }
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let volume = mount["name"]?.string ?? ""
            if !volume.isEmpty, !volumes.contains(volume) {
                errors.append(.notFound("\(path).volumeMounts[\(index)].name", .string(volume)))
            }
        }
        validateResources(container["resources"] ?? [:], path: "\(path).resources", &errors)
        let policy = container["imagePullPolicy"]?.string ?? ""
        if !["", "Always", "IfNotPresent", "Never"].contains(policy) {
            errors.append(
                .notSupported("\(path).imagePullPolicy", .string(policy), ["Always", "IfNotPresent", "Never"]))
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            guard let value = container[probe] else { continue }
            validate(probe: value, path: "\(path).\(probe)", isReadiness: probe == "readinessProbe", &errors)
        }
    }

    private static func validatePorts(_ ports: [JSONValue], path: String, _ errors: inout [FieldError]) {
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let number = port["containerPort"]?.int ?? 0
            if number == 0 {
                errors.append(.required("\(path)[\(index)].containerPort"))
            } else if !(1...65_535).contains(number) {
                errors.append(
                    .invalid(
                        "\(path)[\(index)].containerPort", JSONValue(number), "must be between 1 and 65535, inclusive"))
            }
            if let name = port["name"]?.string, !name.isEmpty {
                if name.utf8.count > 15 {
                    errors.append(
                        .invalid("\(path)[\(index)].name", .string(name), "must be no more than 15 characters"))
                }
                if !names.insert(name).inserted {
                    errors.append(.duplicate("\(path)[\(index)].name", .string(name)))
                }
            }
            let protocols = ["SCTP", "TCP", "UDP"]
            if let name = port["protocol"]?.string, !protocols.contains(name) {
                errors.append(.notSupported("\(path)[\(index)].protocol", .string(name), protocols))
            }
        }
    }

    private static func validateResources(_ resources: JSONValue, path: String, _ errors: inout [FieldError]) {
        for (name, request) in (resources["requests"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let wanted = request.string.flatMap(Quantity.init),
                let limit = resources["limits", name]?.string.flatMap(Quantity.init), wanted > limit
            else { continue }
            errors.append(
                .invalid(
                    "\(path).requests", request,
                    "must be less than or equal to \(name) limit of \(resources["limits", name]?.string ?? "")"))
        }
    }

    private static func validate(probe: JSONValue, path: String, isReadiness: Bool, _ errors: inout [FieldError]) {
        let handlers = ["exec", "grpc", "httpGet", "tcpSocket"].filter { probe[$0] != nil }
        if handlers.isEmpty { errors.append(.required(path, "must specify a handler type")) }
        for handler in handlers.dropFirst() {
            errors.append(.forbidden("\(path).\(handler)", "may not specify more than 1 handler type"))
        }
        if !isReadiness, let threshold = probe["successThreshold"]?.int, threshold != 1 {
            errors.append(.invalid("\(path).successThreshold", JSONValue(threshold), "must be 1"))
        }
        for member in [
            "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
        ] {
            if let value = probe[member]?.int, value < 0 {
                errors.append(.invalid("\(path).\(member)", JSONValue(value), "must be greater than or equal to 0"))
            }
        }
    }
}
