import FoundationEssentials
import K8sClient

extension BuiltInKinds {
    static let batch: [KindDefinition] = [job, cronJob]

    private static var job: KindDefinition {
        make(
            "batch", "v1", "Job", "jobs", inAll: true, status: true, generation: true,
            empty: ["spec": ["template": ["metadata": [:], "spec": [:]]], "status": [:]]
        ) { kind in
            kind.selectableFields = ["status.successful"]
            kind.defaults = { object in
                var spec = object["spec"] ?? [:]
                if spec["completions"] == nil, spec["parallelism"] == nil { spec["completions"] = 1 }
                spec.setDefault("parallelism", value: 1)
                spec.setDefault("backoffLimit", value: 6)
                spec.setDefault("completionMode", value: "NonIndexed")
                spec.setDefault("suspend", value: false)
                spec.setDefault("manualSelector", value: false)
                spec.setDefault("podReplacementPolicy", value: "TerminatingOrFailed")
                if var template = spec["template"] {
                    PodDefaults.apply(toTemplate: &template)
                    spec["template"] = template
                }
                object["spec"] = spec
            }
            kind.prepareForCreate = { object in
                guard object["spec", "manualSelector"]?.bool != true else { return }
                let (uid, name) = (object.meta.uid, object.meta.name)
                object["spec", "selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": .string(uid)]]
                for (key, value) in [
                    "controller-uid": uid, "job-name": name, "batch.kubernetes.io/controller-uid": uid,
                    "batch.kubernetes.io/job-name": name,
                ] {
                    object["spec", "template", "metadata", "labels", key] = .string(value)
                }
            }
            kind.validate = { object, errors in
                validate(job: object["spec"] ?? [:], path: "spec", &errors)
            }
            kind.validateUpdate = { new, old, errors in
                for member in ["completions", "selector", "template", "completionMode"]
                where new["spec", member] != old["spec", member] {
                    if member == "template", new["spec", "suspend"]?.bool == true { continue }
                    errors.append(.invalid("spec.\(member)", new["spec", member] ?? .null, "field is immutable"))
                }
            }
            kind.columns = [
                .name, TableColumn(name: "Status"), TableColumn(name: "Completions"), TableColumn(name: "Duration"),
                .age,
                .wide("Containers"), .wide("Images"), .wide("Selector"),
            ]
            kind.cells = { object in
                [
                    .string(object.meta.name), .string(status(ofJob: object)),
                    .string(
                        "\(object["status", "succeeded"]?.int ?? 0)/\(object["spec", "completions"]?.int ?? 1)"),
                    duration(ofJob: object), HumanDuration.age(object.meta.creationTimestamp),
                ] + templateCells(object)
            }
        }
    }

    private static func status(ofJob job: JSONValue) -> String {
        let conditions = job["status", "conditions"]?.array ?? []
        func holds(_ type: String) -> Bool {
            conditions.contains { $0["type"]?.string == type && $0["status"]?.string == "True" }
        }
        if holds("Complete") { return "Complete" }
        if holds("Failed") { return "Failed" }
        if job.meta.deletionTimestamp != nil { return "Terminating" }
        if holds("Suspended") { return "Suspended" }
        return holds("FailureTarget") ? "FailureTarget" : "Running"
    }

    private static func duration(ofJob job: JSONValue) -> JSONValue {
        guard let start = job["status", "startTime"]?.string, let began = Timestamp.seconds(start) else { return "" }
        guard let end = job["status", "completionTime"]?.string.flatMap({ Timestamp.seconds($0) }) else {
            return HumanDuration.age(start)
        }
        return .string(HumanDuration.text(seconds: Int(end - began)))
    }

    /// Whether the system's time zone database knows the name.
    private static func isTimeZone(_ name: String) -> Bool {
        if name == "UTC" || name == "Etc/UTC" { return true }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return false }
        var isDirectory = false
        return FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/\(name)", isDirectory: &isDirectory)
            && !isDirectory
    }

    private static func validate(job spec: JSONValue, path: String, _ errors: inout [FieldError]) {
        for member in [
            "parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished",
        ] {
            if let value = spec[member]?.int, value < 0 {
                errors.append(.invalid("\(path).\(member)", JSONValue(value), "must be greater than or equal to 0"))
            }
        }
        let policy = spec["template", "spec", "restartPolicy"]?.string ?? "Always"
        if policy == "Always" {
            errors.append(
                FieldError(
                    reason: "FieldValueRequired", field: "\(path).template.spec.restartPolicy",
                    message: "Required value: valid values: \"OnFailure\", \"Never\""))
        }
        PodValidation.validate(
            spec: spec["template", "spec"] ?? [:], path: "\(path).template.spec",
            allowedRestartPolicies: ["Always", "Never", "OnFailure"], &errors)
    }

    private static var cronJob: KindDefinition {
        make(
            "batch", "v1", "CronJob", "cronjobs", short: ["cj"], inAll: true, status: true, generation: true,
            empty: [
                "spec": ["jobTemplate": ["metadata": [:], "spec": ["template": ["metadata": [:], "spec": [:]]]]],
                "status": [:],
            ]
        ) { kind in
            kind.defaults = { object in
                object.setDefault("spec", "concurrencyPolicy", value: "Allow")
                object.setDefault("spec", "suspend", value: false)
                object.setDefault("spec", "successfulJobsHistoryLimit", value: 3)
                object.setDefault("spec", "failedJobsHistoryLimit", value: 1)
                guard object["spec", "jobTemplate"] != nil else { return }
                object.setDefault("spec", "jobTemplate", "metadata", value: [:])
                if var template = object["spec", "jobTemplate", "spec", "template"] {
                    PodDefaults.apply(toTemplate: &template)
                    object["spec", "jobTemplate", "spec", "template"] = template
                }
            }
            kind.validate = { object, errors in
                let schedule = object["spec", "schedule"]?.string ?? ""
                if !schedule.isEmpty, let problem = ScheduleSyntax.problem(schedule) {
                    errors.append(.invalid("spec.schedule", .string(schedule), problem))
                }
                if schedule.contains("TZ") {
                    errors.append(
                        .invalid(
                            "spec.schedule", .string(schedule),
                            "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
                }
                if let zone = object["spec", "timeZone"]?.string {
                    if zone.lowercased() == "local" {
                        errors.append(
                            .invalid(
                                "spec.timeZone", .string(zone),
                                "timeZone must be an explicit time zone as defined in "
                                    + "https://www.iana.org/time-zones"))
                    } else if !isTimeZone(zone) {
                        errors.append(.invalid("spec.timeZone", .string(zone), "unknown time zone \(zone)"))
                    }
                }
                let policies = ["Allow", "Forbid", "Replace"]
                if let policy = object["spec", "concurrencyPolicy"]?.string, !policies.contains(policy) {
                    errors.append(.notSupported("spec.concurrencyPolicy", .string(policy), policies))
                }
                if object.meta.name.utf8.count > 52 {
                    errors.append(
                        .invalid(
                            "metadata.name", .string(object.meta.name), "must be no more than 52 characters"))
                }
                validate(job: object["spec", "jobTemplate", "spec"] ?? [:], path: "spec.jobTemplate.spec", &errors)
            }
            kind.columns = [
                .name, TableColumn(name: "Schedule"), TableColumn(name: "Timezone"), TableColumn(name: "Suspend"),
                TableColumn(name: "Active"), TableColumn(name: "Last Schedule"), .age,
                .wide("Containers"), .wide("Images"), .wide("Selector"),
            ]
            kind.cells = { object in
                let last = object["status", "lastScheduleTime"]?.string
                return [
                    .string(object.meta.name), object["spec", "schedule"] ?? "", object["spec", "timeZone"] ?? "<none>",
                    .string(object["spec", "suspend"]?.bool == true ? "True" : "False"),
                    .string("\(object["status", "active"]?.array?.count ?? 0)"),
                    last == nil ? "<none>" : HumanDuration.age(last), HumanDuration.age(object.meta.creationTimestamp),
                ] + templateCells(object["spec", "jobTemplate"] ?? [:]).map { $0 == "" ? "<none>" : $0 }
            }
        }
    }
}
