import K8sClient

/// Kubernetes' own kinds, as far as this server knows them.
enum BuiltInKinds {
    static let all: [KindDefinition] =
        core + apps + events + reviews + autoscaling + batch + networking + policy + access

    /// A kind with the type of its name, and what most kinds of a group share.
    static func make(
        _ group: String, _ version: String, _ kind: String, _ resource: String, namespaced: Bool = true,
        short: [String] = [], inAll: Bool = false, status: Bool = false, generation: Bool = false,
        empty: JSONValue = [:], _ complete: (inout KindDefinition) -> Void = { _ in }
    ) -> KindDefinition {
        var definition = KindDefinition(
            group, version, kind, resource, namespaced: namespaced, schema: BuiltInTypes.object(kind))
        definition.shortNames = short
        definition.categories = inAll ? ["all"] : []
        definition.hasStatus = status
        definition.countsGenerations = generation
        definition.emptyObject = empty
        complete(&definition)
        return definition
    }
}

extension JSONValue {
    /// Sets a member that is not there.
    mutating func setDefault(_ keys: String..., value: JSONValue) {
        if self[path: keys[...]] == nil { self[path: keys[...]] = value }
    }

    /// Changes every item of a list.
    mutating func updateEach(_ keys: String..., change: (inout JSONValue) -> Void) {
        guard var items = self[path: keys[...]]?.array else { return }
        for index in items.indices { change(&items[index]) }
        self[path: keys[...]] = .array(items)
    }
}
