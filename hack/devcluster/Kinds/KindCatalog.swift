import Synchronization

/// The kinds that are served: the built-in ones, and those that CustomResourceDefinitions add while the server runs.
final class KindCatalog: Sendable {
    private struct State {
        var kinds: [KindDefinition] = []
        var byPath: [String: Int] = [:]
        var byStorage: [GroupResource: Int] = [:]
        var byKind: [String: Int] = [:]

        mutating func index() {
            byPath = [:]
            byStorage = [:]
            byKind = [:]
            for (position, kind) in kinds.enumerated() {
                byPath["\(kind.apiVersion)/\(kind.resource)"] = position
                byKind["\(kind.apiVersion)/\(kind.kind)"] = position
                if kind.storageAPIVersion == kind.apiVersion { byStorage[kind.storage] = position }
            }
        }
    }

    private let state: Mutex<State>

    init(_ kinds: [KindDefinition]) {
        var state = State(kinds: kinds)
        state.index()
        self.state = Mutex(state)
    }

    /// The kinds in the order in which discovery lists them.
    var all: [KindDefinition] { state.withLock { $0.kinds } }

    /// The kind behind an address such as `apps/v1` and `deployments`.
    func kind(apiVersion: String, resource: String) -> KindDefinition? {
        state.withLock { state in state.byPath["\(apiVersion)/\(resource)"].map { state.kinds[$0] } }
    }

    /// The kind of an owner reference or of a body.
    func kind(apiVersion: String, kind: String) -> KindDefinition? {
        state.withLock { state in state.byKind["\(apiVersion)/\(kind)"].map { state.kinds[$0] } }
    }

    /// The kind in the form that it is stored in.
    func stored(_ resource: GroupResource) -> KindDefinition? {
        state.withLock { state in state.byStorage[resource].map { state.kinds[$0] } }
    }

    /// Puts the versions of a custom resource in the place of those that were there; an empty array ends serving it.
    func replace(_ resource: GroupResource, with kinds: [KindDefinition]) {
        state.withLock { state in
            state.kinds.removeAll { !$0.isBuiltIn && $0.groupResource == resource }
            state.kinds.append(contentsOf: kinds)
            state.index()
        }
    }
}
