import K8sClient

/// Events, which two groups show: stored once, in the core group's form.
extension BuiltInKinds {
    static let events: [KindDefinition] = [groupEvent]

    static var event: KindDefinition {
        make("", "v1", "Event", "events", short: ["ev"], empty: ["involvedObject": [:], "source": [:]]) { kind in
            kind.selectableFields = selectable
            kind.columns = eventColumns
            kind.cells = eventCells
            kind.defaults = { object in
                for member in ["source", "involvedObject"] { object.setDefault(member, value: [:]) }
                for member in ["firstTimestamp", "lastTimestamp", "eventTime"] {
                    object.setDefault(member, value: .null)
                }
                object.setDefault("reportingComponent", value: "")
                object.setDefault("reportingInstance", value: "")
            }
            kind.validate = { object, errors in
                let involved = object["involvedObject", "namespace"]?.string ?? ""
                let namespace = object.meta.namespace
                if involved.isEmpty ? namespace != "default" && namespace != "kube-system" : involved != namespace {
                    errors.append(
                        .invalid("involvedObject.namespace", .string(involved), "does not match event.namespace"))
                }
            }
        }
    }

    private static var groupEvent: KindDefinition {
        var kind = KindDefinition(
            "events.k8s.io", "v1", "Event", "events", namespaced: true, schema: BuiltInTypes.object("EventsEvent"))
        kind.shortNames = ["ev"]
        kind.storage = GroupResource("", "events")
        kind.storageAPIVersion = "v1"
        kind.selectableFields = selectable
        kind.columns = eventColumns
        kind.cells = { eventCells(renamed($0, toStorage: true)) }
        kind.conversion = KindDefinition.Conversion(
            fromStorage: { $0 = renamed($0, toStorage: false) }, toStorage: { $0 = renamed($0, toStorage: true) })
        kind.validate = { object, errors in
            if object["eventTime"]?.string == nil { errors.append(.required("eventTime")) }
            let required = ["reportingController", "reportingInstance", "action", "reason"]
            for member in required where object[member]?.string?.isEmpty ?? true { errors.append(.required(member)) }
            for member in ["reportingInstance", "action", "reason"] {
                if (object[member]?.string?.utf8.count ?? 0) > 128 {
                    errors.append(.invalid(member, "", "can have at most 128 characters"))
                }
            }
            if (object["note"]?.string?.utf8.count ?? 0) > 1024 {
                errors.append(.invalid("message", "", "can have at most 1024 characters"))
            }
            if !["Normal", "Warning"].contains(object["type"]?.string) {
                errors.append(
                    .invalid("type", object["type"] ?? "", "has invalid value: \(object["type"]?.string ?? "")"))
            }
        }
        return kind
    }

    private static let selectable = [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ]

    private static let names = [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ]

    private static func renamed(_ event: JSONValue, toStorage: Bool) -> JSONValue {
        var event = event
        for (core, group) in names {
            let (from, to) = toStorage ? (group, core) : (core, group)
            guard let value = event[from] else { continue }
            event[from] = nil
            event[to] = value
        }
        return event
    }

    private static let eventColumns = [
        TableColumn(name: "Last Seen"), TableColumn(name: "Type"), TableColumn(name: "Reason"),
        TableColumn(name: "Object"), .wide("Subobject"), .wide("Source"), TableColumn(name: "Message"),
        .wide("First Seen"), .wide("Count"), TableColumn.wide("Name"),
    ]

    private static let eventCells: @Sendable (JSONValue) -> [JSONValue] = { event in
        func time(_ members: String...) -> JSONValue {
            let found = members.compactMap { event[$0]?.string }.first
            return HumanDuration.age(found ?? event.meta.creationTimestamp)
        }
        let involved = event["involvedObject"] ?? [:]
        let object = "\((involved["kind"]?.string ?? "").lowercased())/\(involved["name"]?.string ?? "")"
        let message = (event["message"]?.string ?? "").split(separator: "\n").joined(separator: " ")
        return [
            time("lastTimestamp", "eventTime"), event["type"] ?? "", event["reason"] ?? "", .string(object),
            involved["fieldPath"] ?? "",
            event["source", "component"] ?? event["reportingComponent"] ?? "", .string(message),
            time("firstTimestamp", "eventTime"),
            .string("\(event["count"]?.int ?? event["series", "count"]?.int ?? 1)"), .string(event.meta.name),
        ]
    }
}
