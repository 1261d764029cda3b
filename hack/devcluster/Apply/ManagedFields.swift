import K8sClient

enum ManagedFields {
    static func update(
        from old: JSONValue, to new: JSONValue, kind: KindDefinition, _ options: WriteOptions, time: String
    ) throws(StatusError) -> JSONValue { new }
}
