import K8sClient

/// The checks of `metadata` that every kind shares.
enum MetadataValidation {
    static func validate(_ object: JSONValue, _ kind: KindDefinition, _ errors: inout [FieldError]) {
        let meta = object.meta
        validateName(meta, kind, &errors)
        for key in meta.labels.keys.sorted() {
            for problem in Names.problems(ofQualifiedName: key) {
                errors.append(.invalid("metadata.labels", .string(key), problem))
            }
            let value = meta.labels[key] ?? ""
            if value.utf8.count > 63 {
                errors.append(.invalid("metadata.labels", .string(value), "must be no more than 63 bytes"))
            } else if !value.isEmpty, !Names.isQualifiedPart(value) {
                errors.append(.invalid("metadata.labels", .string(value), Names.labelValueRule))
            }
        }
        var annotationBytes = 0
        for (key, value) in meta.annotations.sorted(by: { $0.key < $1.key }) {
            annotationBytes += key.utf8.count + value.utf8.count
            for problem in Names.problems(ofQualifiedName: key.lowercased()) {
                errors.append(.invalid("metadata.annotations", .string(key), problem))
            }
        }
        if annotationBytes > 262_144 { errors.append(.tooLong("metadata.annotations", limit: 262_144)) }
        for (index, finalizer) in meta.finalizers.enumerated() {
            for problem in Names.problems(ofQualifiedName: finalizer) {
                errors.append(.invalid("metadata.finalizers[\(index)]", .string(finalizer), problem))
            }
        }
        validateOwners(meta, &errors)
    }

    private static func validateName(_ meta: ObjectMeta, _ kind: KindDefinition, _ errors: inout [FieldError]) {
        let name = meta.name
        guard !name.isEmpty else {
            errors.append(.required("metadata.name", "name or generateName is required"))
            return
        }
        let (isGood, rule, limit): (Bool, String, Int) =
            switch kind.nameRule {
            case .subdomain: (Names.isSubdomain(name), Names.subdomainRule, 253)
            case .label: (Names.isLabel(name), Names.labelRule, 63)
            case .rfc1035: (Names.isRFC1035Label(name), Names.rfc1035Rule, 63)
            case .pathSegment:
                (name != "." && name != ".." && !name.contains("/") && !name.contains("%"), Names.pathSegmentRule, 253)
            }
        if name.utf8.count > limit {
            errors.append(.invalid("metadata.name", .string(name), "must be no more than \(limit) bytes"))
        }
        if !isGood { errors.append(.invalid("metadata.name", .string(name), rule)) }
    }

    private static func validateOwners(_ meta: ObjectMeta, _ errors: inout [FieldError]) {
        var controllers = 0
        for (index, owner) in meta.ownerReferences.enumerated() {
            let path = "metadata.ownerReferences[\(index)]"
            for member in ["apiVersion", "kind", "name", "uid"] where owner[member]?.string?.isEmpty ?? true {
                errors.append(.invalid("\(path).\(member)", owner[member] ?? "", "must not be empty"))
            }
            if owner["controller"]?.bool == true { controllers += 1 }
        }
        if controllers > 1 {
            errors.append(
                .invalid(
                    "metadata.ownerReferences", .array(meta.ownerReferences),
                    "Only one reference can have Controller set to true. Found \"true\" in references for several owners"
                ))
        }
    }

    /// What may not change, whatever the kind.
    static func validateUpdate(_ new: JSONValue, _ old: JSONValue, _ errors: inout [FieldError]) {
        guard old.meta.deletionTimestamp != nil else { return }
        let added = new.meta.finalizers.filter { !old.meta.finalizers.contains($0) }
        if !added.isEmpty {
            errors.append(
                .forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                        + "[]string{\(added.map { quoted($0) }.joined(separator: ", "))}"))
        }
    }
}
