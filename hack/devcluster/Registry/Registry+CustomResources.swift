import K8sClient
import Logging

/// Kinds that come and go with their CustomResourceDefinitions.
extension Registry {
    static let definitions = GroupResource("apiextensions.k8s.io", "customresourcedefinitions")

    /// Serves, serves otherwise or no longer serves the kinds of a definition that was written.
    func definitionDidChange(from old: JSONValue?, to new: JSONValue?) throws(StatusError) {
        guard let new else {
            if let old {
                let resource = CustomResourceDefinition(old).resource
                kinds.replace(resource, with: [])
                store.endWatches(of: resource)
            }
            return
        }
        if let old, old["spec"] == new["spec"] { return }
        let definition = CustomResourceDefinition(new, revision: new.meta.generation)
        kinds.replace(definition.resource, with: definition.kinds)
        if old == nil {
            try update(
                Self.definitions, namespace: nil, name: new.meta.name, subresource: "status",
                manager: "kube-apiserver"
            ) { $0["status"] = CustomResourceStatus.initial(of: $0) }
        }
        if definition.hasCELRules, old == nil {
            logger.notice(
                "CEL rules of this schema are stored but not evaluated by the embedded server",
                metadata: ["customResourceDefinition": "\(new.meta.name)"])
        }
    }
}
