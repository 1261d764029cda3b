import K8sClient

/// Who owns which field of an object, kept up as it is written.
enum ManagedFields {
    /// How many entries of writers that do not apply are kept; the oldest beyond them become one entry. The same bound as
    /// a real server's: every tool that once edited an object would otherwise stay in it for good.
    private static let maximumUpdaters = 10
    private static let ancientManager = "ancient-changes"

    /// A write that does not apply.
    struct Writer {
        var manager: String
        var apiVersion: String
        var subresource: String
        var time: String
    }

    /// The `managedFields` that a new state begins with: the old ones, unless its writer says otherwise. An empty list, or one
    /// with an empty entry, forgets all owners; whole entries replace the old ones; what cannot be read is passed over.
    static func asked(_ proposed: JSONValue, after old: JSONValue) -> JSONValue? {
        let recorded = old["metadata", "managedFields"]
        guard let asked = proposed["metadata", "managedFields"]?.array, .array(asked) != recorded else {
            return recorded
        }
        if asked.allSatisfy(\.isEmpty) { return nil }
        let entries = ManagedFieldsEntry.read(.array(asked))
        guard entries.count == asked.count, asked.allSatisfy(ManagedFieldsEntry.isWhole) else { return recorded }
        return ManagedFieldsEntry.write(entries)
    }

    /// The `managedFields` after a write that does not apply: what it changed is the writer's alone. An object whose owners
    /// were forgotten has none until somebody applies it.
    static func updated(
        from old: JSONValue, to new: JSONValue, _ schema: Schema, by writer: Writer
    ) -> JSONValue? {
        let recorded = new["metadata", "managedFields"]
        if recorded == nil, !old.meta.uid.isEmpty { return nil }
        let comparison = TypedWalk.compare(stripped(old), stripped(new), schema)
        if comparison.isEmpty { return recorded }
        var entries = ManagedFieldsEntry.read(recorded)
        let written = comparison.added.union(comparison.modified)
        for index in entries.indices {
            entries[index].fields = entries[index].fields.subtracting(written).subtracting(comparison.removed)
        }
        if !written.isEmpty {
            var entry = ManagedFieldsEntry(
                manager: writer.manager, operation: .update, apiVersion: writer.apiVersion,
                subresource: writer.subresource, time: writer.time, fields: withoutMetadataItself(written))
            if let index = entries.firstIndex(where: { $0.owner == entry.owner }) {
                entry.fields.formUnion(entries[index].fields)
                entries.remove(at: index)
            }
            entries.append(entry)
        }
        return ManagedFieldsEntry.write(capped(entries))
    }

    /// What an apply makes of an object.
    struct Applied {
        var object: JSONValue
        var managedFields: JSONValue?
    }

    /// Applies a configuration: the applier owns what it names and no longer what it named last time; a place that another
    /// owns with another value is a conflict.
    /// - Throws: 409 with a cause for each conflict, unless the write is forced.
    static func applied(
        _ config: JSONValue, to live: JSONValue, _ schema: Schema, by writer: Writer, force: Bool
    ) throws(StatusError) -> Applied {
        var entries = ManagedFieldsEntry.read(live["metadata", "managedFields"])
        if entries.isEmpty, !live.meta.uid.isEmpty {
            // What is there and nobody's must not be taken without force either.
            entries = [
                ManagedFieldsEntry(
                    manager: "before-first-apply", operation: .update, apiVersion: writer.apiVersion, time: writer.time,
                    fields: withoutMetadataItself(TypedWalk.compare([:], stripped(live), schema).added))
            ]
        }
        var own = ManagedFieldsEntry(
            manager: writer.manager, operation: .apply, apiVersion: writer.apiVersion, subresource: writer.subresource,
            time: nil, fields: withoutMetadataItself(TypedWalk.places(stripped(config), schema)))
        var last = FieldSet()
        if let index = entries.firstIndex(where: { $0.owner == own.owner }) {
            last = entries[index].fields
            own.time = entries[index].time
            entries.remove(at: index)
        }
        let merged = TypedWalk.merge(live, stripped(config), schema) ?? live
        let allOwned = entries.reduce(own.fields) { $0.union($1.fields) }
        let object = pruned(merged, last: last, owned: allOwned, schema)
        let comparison = TypedWalk.compare(stripped(live), stripped(object), schema)
        let written = comparison.added.union(comparison.modified)
        let conflicts = entries.compactMap { entry -> (ManagedFieldsEntry, FieldSet)? in
            let common = entry.fields.intersection(written)
            return common.isEmpty ? nil : (entry, common)
        }
        if !force, !conflicts.isEmpty { throw conflict(conflicts) }
        for index in entries.indices {
            entries[index].fields = entries[index].fields.subtracting(written).subtracting(comparison.removed)
        }
        if !comparison.isEmpty { own.time = writer.time }
        return Applied(object: object, managedFields: ManagedFieldsEntry.write(entries + [own]))
    }

    /// Takes out what the applier named last time and nobody names now.
    private static func pruned(_ merged: JSONValue, last: FieldSet, owned: FieldSet, _ schema: Schema) -> JSONValue {
        guard !last.isEmpty else { return merged }
        func places(_ value: JSONValue) -> FieldSet { TypedWalk.places(value, schema).withNamedParents(schema) }
        let lastPlaces = last.withNamedParents(schema)
        let all = places(merged)
        let without = TypedWalk.removing(lastPlaces, from: merged, schema) ?? [:]
        let kept = places(without).union(owned.withNamedParents(schema))
        let restored = TypedWalk.removing(all.subtracting(kept), from: merged, schema) ?? [:]
        let dangling = all.subtracting(places(restored)).intersection(lastPlaces)
        return TypedWalk.removing(dangling, from: merged, schema) ?? [:]
    }

    /// The object without what nobody owns because the server alone writes it.
    private static func stripped(_ object: JSONValue) -> JSONValue {
        var object = object
        object["apiVersion"] = nil
        object["kind"] = nil
        for member in [
            "name", "namespace", "uid", "creationTimestamp", "selfLink", "generation", "resourceVersion",
            "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds",
        ] {
            object["metadata", member] = nil
        }
        if object["metadata"]?.isEmpty == true { object["metadata"] = nil }
        return object
    }

    private static func withoutMetadataItself(_ set: FieldSet) -> FieldSet {
        var set = set
        set.members.remove("f:metadata")
        return set
    }

    private static func capped(_ entries: [ManagedFieldsEntry]) -> [ManagedFieldsEntry] {
        var updaters = entries.filter { $0.operation == .update && !$0.fields.isEmpty }
        guard updaters.count > maximumUpdaters else { return entries }
        updaters.sort { ($0.time ?? "", $0.manager) < ($1.time ?? "", $1.manager) }
        let merged = updaters.prefix(updaters.count - maximumUpdaters + 1)
        var ancient = merged[0]
        ancient.manager = ancientManager
        ancient.subresource = ""
        ancient.fields = merged.reduce(FieldSet()) { $0.union($1.fields) }
        ancient.time = merged.last?.time
        return entries.filter { $0.operation == .apply } + [ancient] + updaters.dropFirst(merged.count)
    }

    private static func conflict(_ conflicts: [(ManagedFieldsEntry, FieldSet)]) -> StatusError {
        let all = conflicts.flatMap { entry, set in set.paths().map { (entry.ownerText, $0) } }
        let message: String
        if all.count == 1, let (owner, path) = all.first {
            message = "Apply failed with 1 conflict: conflict with \(owner): \(path)"
        } else {
            let lines = conflicts.sorted { $0.0.ownerText < $1.0.ownerText }.flatMap { entry, set in
                ["conflicts with \(entry.ownerText):"] + set.paths().map { "- \($0)" }
            }
            message = "Apply failed with \(all.count) conflicts: \(lines.joined(separator: "\n"))"
        }
        let causes = all.map { owner, path -> JSONValue in
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \(owner)"),
                "field": .string(path),
            ]
        }
        return StatusError(
            code: 409, reason: "Conflict", message: message, details: ["causes": .array(causes)])
    }
}
