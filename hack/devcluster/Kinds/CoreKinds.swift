import K8sClient

extension BuiltInKinds {
    static let core: [KindDefinition] = [
        namespace, configMap, secret, service, endpoints, event, pod, serviceAccount, node, persistentVolumeClaim,
        persistentVolume, limitRange, resourceQuota,
    ]

    private static var namespace: KindDefinition {
        make("", "v1", "Namespace", "namespaces", namespaced: false, short: ["ns"], status: true) { kind in
            kind.nameRule = .label
            kind.emptyObject = ["spec": [:], "status": [:]]
            kind.selectableFields = ["status.phase"]
            kind.defaults = { object in
                object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(object.meta.name)
            }
            kind.prepareForCreate = { object in
                object["spec", "finalizers"] = ["kubernetes"]
                object["status"] = ["phase": "Active"]
            }
            kind.columns = [.name, TableColumn(name: "Status"), .age]
            kind.cells = {
                [.string($0.meta.name), $0["status", "phase"] ?? "", HumanDuration.age($0.meta.creationTimestamp)]
            }
        }
    }

    private static var configMap: KindDefinition {
        make("", "v1", "ConfigMap", "configmaps", short: ["cm"]) { kind in
            kind.columns = [
                .name,
                TableColumn(
                    name: "Data",
                    description:
                        "Data contains the configuration data. Each key must consist of alphanumeric characters, "
                        + "'-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys "
                        + "stored in Data must not overlap with the keys in the BinaryData field, this is enforced during "
                        + "validation process."), .age,
            ]
            kind.cells = { object in
                let count = (object["data"]?.object?.count ?? 0) + (object["binaryData"]?.object?.count ?? 0)
                return [
                    .string(object.meta.name), .string("\(count)"), HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
            kind.validate = { object, errors in
                DataValidation.validate(object, members: ["data", "binaryData"], &errors)
            }
            kind.validateUpdate = { new, old, errors in
                DataValidation.validateImmutable(new, old, members: ["data", "binaryData"], &errors)
            }
        }
    }

    private static var secret: KindDefinition {
        make("", "v1", "Secret", "secrets") { kind in
            kind.selectableFields = ["type"]
            kind.columns = [.name, TableColumn(name: "Type"), TableColumn(name: "Data"), .age]
            kind.cells = { object in
                [
                    .string(object.meta.name), object["type"] ?? "", .string("\(object["data"]?.object?.count ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
            kind.defaults = { object in
                if object["type"]?.string?.isEmpty ?? true { object["type"] = "Opaque" }
                for (key, value) in object["stringData"]?.object ?? [:] {
                    object["data", key] = .string(Base64.encode((value.string ?? "").utf8))
                }
                object["stringData"] = nil
            }
            kind.validate = { object, errors in
                DataValidation.validate(object, members: ["data"], &errors)
                let data = object["data"] ?? [:]
                let required: [String] =
                    switch object["type"]?.string {
                    case "kubernetes.io/tls": ["tls.crt", "tls.key"]
                    case "kubernetes.io/dockerconfigjson": [".dockerconfigjson"]
                    case "kubernetes.io/ssh-auth": ["ssh-privatekey"]
                    default: []
                    }
                for key in required where data[key] == nil { errors.append(.required("data[\(key)]")) }
            }
            kind.validateUpdate = { new, old, errors in
                if new["type"] != old["type"] {
                    errors.append(.invalid("type", new["type"] ?? "", "field is immutable"))
                }
                DataValidation.validateImmutable(new, old, members: ["data"], &errors)
            }
        }
    }

    private static var endpoints: KindDefinition {
        make("", "v1", "Endpoints", "endpoints", short: ["ep"]) { kind in
            kind.columns = [.name, TableColumn(name: "Endpoints"), .age]
            kind.cells = { object in
                let addresses = (object["subsets"]?.array ?? []).flatMap { subset in
                    (subset["addresses"]?.array ?? []).flatMap { address in
                        (subset["ports"]?.array ?? []).map {
                            "\(address["ip"]?.string ?? ""):\($0["port"]?.int ?? 0)"
                        }
                    }
                }
                let text = addresses.isEmpty ? "<none>" : addresses.prefix(3).joined(separator: ",")
                let more = addresses.count > 3 ? " + \(addresses.count - 3) more..." : ""
                return [
                    .string(object.meta.name), .string(text + more), HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
            kind.defaults = { object in
                object.updateEach("subsets") { $0.updateEach("ports") { $0.setDefault("protocol", value: "TCP") } }
            }
        }
    }

    private static var serviceAccount: KindDefinition {
        make("", "v1", "ServiceAccount", "serviceaccounts", short: ["sa"]) { kind in
            kind.columns = [.name, TableColumn(name: "Secrets"), .age]
            kind.cells = { object in
                [
                    .string(object.meta.name), .string("\(object["secrets"]?.array?.count ?? 0)"),
                    HumanDuration.age(object.meta.creationTimestamp),
                ]
            }
        }
    }

    private static var node: KindDefinition {
        make(
            "", "v1", "Node", "nodes", namespaced: false, short: ["no"], status: true,
            empty: ["spec": [:], "status": ["nodeInfo": [:], "daemonEndpoints": ["kubeletEndpoint": [:]]]]
        ) { kind in
            kind.selectableFields = ["spec.unschedulable"]
            kind.columns = [
                .name, TableColumn(name: "Status"), TableColumn(name: "Roles"), .age, TableColumn(name: "Version"),
                .wide("Internal-IP"), .wide("OS-Image"),
            ]
            kind.cells = { object in
                let ready = (object["status", "conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
                let isReady = ready?["status"]?.string == "True"
                let isClosed = object["spec", "unschedulable"]?.bool == true
                let prefix = "node-role.kubernetes.io/"
                let roles = object.meta.labels.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
                let address = (object["status", "addresses"]?.array ?? []).first {
                    $0["type"]?.string == "InternalIP"
                }
                return [
                    .string(object.meta.name),
                    .string((isReady ? "Ready" : "NotReady") + (isClosed ? ",SchedulingDisabled" : "")),
                    .string(roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")),
                    HumanDuration.age(object.meta.creationTimestamp),
                    object["status", "nodeInfo", "kubeletVersion"] ?? "", address?["address"] ?? "<none>",
                    object["status", "nodeInfo", "osImage"] ?? "<unknown>",
                ]
            }
        }
    }

    private static var limitRange: KindDefinition {
        make("", "v1", "LimitRange", "limitranges", short: ["limits"])
    }

    private static var resourceQuota: KindDefinition {
        make("", "v1", "ResourceQuota", "resourcequotas", short: ["quota"], status: true)
    }
}

/// The checks that ConfigMaps and Secrets share.
private enum DataValidation {
    /// The bound of a real server: what etcd takes in one object.
    private static let maximumBytes = 1_048_576

    static func validate(_ object: JSONValue, members: [String], _ errors: inout [FieldError]) {
        var total = 0
        for member in members {
            for (key, value) in (object[member]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
                total += value.string?.utf8.count ?? 0
                if !Names.isConfigKey(key) {
                    errors.append(.invalid("\(member)[\(key)]", .string(key), Names.configKeyRule))
                }
            }
        }
        if total > maximumBytes { errors.append(.tooLong("", limit: maximumBytes)) }
    }

    static func validateImmutable(
        _ new: JSONValue, _ old: JSONValue, members: [String], _ errors: inout [FieldError]
    ) {
        guard old["immutable"]?.bool == true else { return }
        if new["immutable"]?.bool != true {
            errors.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for member in members where new[member] != old[member] {
            errors.append(.forbidden(member, "field is immutable when `immutable` is set"))
        }
    }
}
