import K8sClient

extension BuiltInKinds {
    static var service: KindDefinition {
        make(
            "", "v1", "Service", "services", short: ["svc"], inAll: true, status: true,
            empty: ["spec": [:], "status": ["loadBalancer": [:]]]
        ) { kind in
            kind.nameRule = .rfc1035
            kind.selectableFields = ["spec.clusterIP", "spec.type"]
            kind.defaults = complete(service:)
            kind.validate = validate(service:_:)
            kind.validateUpdate = { new, old, errors in
                let (address, before) = (new["spec", "clusterIP"], old["spec", "clusterIP"])
                if new["spec", "type"]?.string != "ExternalName", old["spec", "type"]?.string != "ExternalName",
                    address != before
                {
                    errors.append(
                        .invalid(
                            "spec.clusterIPs[0]", .array([address ?? ""]), "may not change once set"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Type"), TableColumn(name: "Cluster-IP"), TableColumn(name: "External-IP"),
                TableColumn(name: "Port(s)"), .age, .wide("Selector"),
            ]
            kind.cells = { object in
                let ports = (object["spec", "ports"]?.array ?? []).map { port in
                    let node = port["nodePort"]?.int.map { $0 == 0 ? "" : ":\($0)" } ?? ""
                    return "\(port["port"]?.int ?? 0)\(node)/\(port["protocol"]?.string ?? "TCP")"
                }
                return [
                    .string(object.meta.name), object["spec", "type"] ?? "", object["spec", "clusterIP"] ?? "<none>",
                    .string(externalAddress(object)), .string(ports.isEmpty ? "<none>" : ports.joined(separator: ",")),
                    HumanDuration.age(object.meta.creationTimestamp),
                    .string(
                        LabelSelector(labels: (object["spec", "selector"]?.object ?? [:]).compactMapValues(\.string))
                            .text.nonEmpty ?? "<none>"),
                ]
            }
        }
    }

    private static func externalAddress(_ service: JSONValue) -> String {
        switch service["spec", "type"]?.string {
        case "ExternalName": return service["spec", "externalName"]?.string ?? "<none>"
        case "LoadBalancer":
            let addresses = (service["status", "loadBalancer", "ingress"]?.array ?? []).compactMap {
                $0["ip"]?.string ?? $0["hostname"]?.string
            }
            return addresses.isEmpty ? "<pending>" : addresses.joined(separator: ",")
        default:
            let addresses = (service["spec", "externalIPs"]?.array ?? []).compactMap(\.string)
            return addresses.isEmpty ? "<none>" : addresses.joined(separator: ",")
        }
    }

    private static func complete(service: inout JSONValue) {
        service.setDefault("spec", "type", value: "ClusterIP")
        service.setDefault("spec", "sessionAffinity", value: "None")
        service.setDefault("status", "loadBalancer", value: [:])
        let type = service["spec", "type"]?.string
        if type == "NodePort" || type == "LoadBalancer" {
            service.setDefault("spec", "externalTrafficPolicy", value: "Cluster")
        }
        if type == "LoadBalancer" { service.setDefault("spec", "allocateLoadBalancerNodePorts", value: true) }
        service.updateEach("spec", "ports") { port in
            port.setDefault("protocol", value: "TCP")
            if port["targetPort"] == nil || port["targetPort"] == 0 || port["targetPort"] == "" {
                port["targetPort"] = port["port"] ?? 0
            }
        }
    }

    private static func validate(service: JSONValue, _ errors: inout [FieldError]) {
        let type = service["spec", "type"]?.string ?? ""
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        if !types.contains(type) { errors.append(.notSupported("spec.type", .string(type), types)) }
        let ports = service["spec", "ports"]?.array ?? []
        let isHeadless = service["spec", "clusterIP"]?.string == "None"
        if ports.isEmpty, type != "ExternalName", !isHeadless { errors.append(.required("spec.ports")) }
        if type == "ExternalName", service["spec", "externalName"]?.string?.isEmpty ?? true {
            errors.append(.required("spec.externalName"))
        }
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "spec.ports[\(index)]"
            let range = "must be between 1 and 65535, inclusive"
            let number = port["port"]?.int ?? 0
            if !(1...65_535).contains(number) { errors.append(.invalid("\(path).port", JSONValue(number), range)) }
            if let target = port["targetPort"]?.int, !(1...65_535).contains(target) {
                errors.append(.invalid("\(path).targetPort", JSONValue(target), range))
            }
            let name = port["name"]?.string ?? ""
            if name.isEmpty, ports.count > 1 {
                errors.append(.required("\(path).name"))
            } else if !name.isEmpty {
                if !Names.isLabel(name) { errors.append(.invalid("\(path).name", .string(name), Names.labelRule)) }
                if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
            }
            let protocols = ["SCTP", "TCP", "UDP"]
            if let name = port["protocol"]?.string, !protocols.contains(name) {
                errors.append(.notSupported("\(path).protocol", .string(name), protocols))
            }
        }
    }
}

extension String {
    /// nil instead of the empty text.
    var nonEmpty: String? { isEmpty ? nil : self }
}
