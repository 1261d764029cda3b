import K8sClient

extension BuiltInKinds {
    static let networking: [KindDefinition] = [endpointSlice, ingress, ingressClass, networkPolicy]

    private static var endpointSlice: KindDefinition {
        make("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices") { kind in
            kind.defaults = { object in
                object.updateEach("ports") { port in
                    port.setDefault("name", value: "")
                    port.setDefault("protocol", value: "TCP")
                }
            }
            kind.columns = [
                .name, TableColumn(name: "AddressType"), TableColumn(name: "Ports"), TableColumn(name: "Endpoints"),
                .age,
            ]
            kind.cells = { object in
                let ports = (object["ports"]?.array ?? []).map { "\($0["port"]?.int ?? 0)" }
                let addresses = (object["endpoints"]?.array ?? []).flatMap {
                    ($0["addresses"]?.array ?? []).compactMap(\.string)
                }
                return [
                    .string(object.meta.name), object["addressType"] ?? "",
                    .string(ports.isEmpty ? "<unset>" : ports.joined(separator: ",")),
                    .string(addresses.isEmpty ? "<unset>" : addresses.joined(separator: ",")),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
            kind.validate = { object, errors in
                let types = ["FQDN", "IPv4", "IPv6"]
                let type = object["addressType"]?.string ?? ""
                if type.isEmpty {
                    errors.append(.required("addressType"))
                } else if !types.contains(type) {
                    errors.append(.notSupported("addressType", .string(type), types))
                }
            }
            kind.validateUpdate = { new, old, errors in
                if new["addressType"] != old["addressType"] {
                    errors.append(.invalid("addressType", new["addressType"] ?? "", "field is immutable"))
                }
            }
        }
    }

    private static var ingress: KindDefinition {
        make(
            "networking.k8s.io", "v1", "Ingress", "ingresses", short: ["ing"], status: true, generation: true,
            empty: ["spec": [:], "status": ["loadBalancer": [:]]]
        ) { kind in
            kind.defaults = { $0.setDefault("status", "loadBalancer", value: [:]) }
            kind.validate = validate(ingress:_:)
            kind.columns = [
                .name, TableColumn(name: "Class"), TableColumn(name: "Hosts"), TableColumn(name: "Address"),
                TableColumn(name: "Ports"), .age,
            ]
            kind.cells = { object in
                let hosts = (object["spec", "rules"]?.array ?? []).compactMap { $0["host"]?.string }
                let addresses = (object["status", "loadBalancer", "ingress"]?.array ?? []).compactMap {
                    $0["ip"]?.string ?? $0["hostname"]?.string
                }
                return [
                    .string(object.meta.name), object["spec", "ingressClassName"] ?? "<none>",
                    .string(hosts.isEmpty ? "*" : hosts.joined(separator: ",")),
                    .string(addresses.joined(separator: ",")),
                    object["spec", "tls"]?.isEmpty ?? true ? "80" : "80, 443",
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static func validate(ingress: JSONValue, _ errors: inout [FieldError]) {
        let rules = ingress["spec", "rules"]?.array ?? []
        if rules.isEmpty, ingress["spec", "defaultBackend"] == nil {
            errors.append(
                .invalid("spec", ingress["spec"] ?? [:], "either `defaultBackend` or `rules` must be specified"))
        }
        for (index, rule) in rules.enumerated() {
            let path = "spec.rules[\(index)]"
            if let host = rule["host"]?.string, !host.isEmpty {
                let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
                if !Names.isSubdomain(name) {
                    errors.append(.invalid("\(path).host", .string(host), Names.subdomainRule))
                }
            }
            for (index, item) in (rule["http", "paths"]?.array ?? []).enumerated() {
                validate(ingressPath: item, path: "\(path).http.paths[\(index)]", &errors)
            }
        }
        if let backend = ingress["spec", "defaultBackend"] {
            validate(backend: backend, path: "spec.defaultBackend", &errors)
        }
        for (index, tls) in (ingress["spec", "tls"]?.array ?? []).enumerated() {
            for (position, host) in (tls["hosts"]?.array ?? []).compactMap(\.string).enumerated() {
                let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
                if !Names.isSubdomain(name) {
                    errors.append(
                        .invalid("spec.tls[\(index)].hosts[\(position)]", .string(host), Names.subdomainRule))
                }
            }
        }
    }

    private static func validate(ingressPath item: JSONValue, path: String, _ errors: inout [FieldError]) {
        let types = ["Exact", "ImplementationSpecific", "Prefix"]
        let type = item["pathType"]?.string ?? ""
        if !type.isEmpty, !types.contains(type) {
            errors.append(.notSupported("\(path).pathType", .string(type), types))
        }
        let text = item["path"]?.string ?? ""
        if type != "ImplementationSpecific", !text.hasPrefix("/") {
            errors.append(.invalid("\(path).path", .string(text), "must be an absolute path"))
        }
        validate(backend: item["backend"] ?? [:], path: "\(path).backend", &errors)
    }

    private static func validate(backend: JSONValue, path: String, _ errors: inout [FieldError]) {
        guard let service = backend["service"] else {
            if backend["resource"] == nil {
                errors.append(.invalid(path, "", "resource or service backend is required"))
            }
            return
        }
        let hasName = service["port", "name"]?.string?.isEmpty == false
        let number = service["port", "number"]?.int ?? 0
        if !hasName, number == 0 {
            errors.append(.required("\(path).service.port", "port name or number is required"))
        } else if hasName, number != 0 {
            errors.append(.invalid("\(path).service.port", "", "cannot set both port name & port number"))
        } else if number != 0, !(1...65_535).contains(number) {
            errors.append(
                .invalid(
                    "\(path).service.port.number", JSONValue(number), "must be between 1 and 65535, inclusive"))
        }
    }

    private static var ingressClass: KindDefinition {
        make("networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced: false, generation: true) { kind in
            kind.columns = [
                .name, TableColumn(name: "Controller"), TableColumn(name: "Parameters"), .age,
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name), object["spec", "controller"] ?? "",
                    object["spec", "parameters", "name"] ?? "<none>", HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static var networkPolicy: KindDefinition {
        make(
            "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short: ["netpol"], generation: true,
            empty: ["spec": ["podSelector": [:]]]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "podSelector", value: [:])
                if object["spec", "policyTypes"] == nil {
                    object["spec", "policyTypes"] =
                        object["spec", "egress"] == nil ? ["Ingress"] : ["Ingress", "Egress"]
                }
                for list in ["ingress", "egress"] {
                    object.updateEach("spec", list) { rule in
                        rule.updateEach("ports") { $0.setDefault("protocol", value: "TCP") }
                    }
                }
            }
            kind.columns = [.name, TableColumn(name: "Pod-Selector"), .age]
            kind.cells = { object in
                [
                    .string(object.meta.name),
                    .string(LabelSelector(object["spec", "podSelector"])?.text.nonEmpty ?? "<none>"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }
}
