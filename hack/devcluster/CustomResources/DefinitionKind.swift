import K8sClient

extension CustomResourceDefinition {
    /// The kind of the definitions themselves.
    static let kind: KindDefinition =
        BuiltInKinds.make(
            "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced: false,
            short: ["crd", "crds"], status: true, generation: true, empty: ["spec": ["names": [:]]]
        ) { kind in
            kind.categories = ["api-extensions"]
            kind.defaults = { object in
                let name = object["spec", "names", "kind"]?.string ?? ""
                if object["spec", "names", "singular"]?.string?.isEmpty ?? true {
                    object["spec", "names", "singular"] = .string(name.lowercased())
                }
                if object["spec", "names", "listKind"]?.string?.isEmpty ?? true {
                    object["spec", "names", "listKind"] = .string("\(name)List")
                }
                object.setDefault("spec", "conversion", "strategy", value: "None")
            }
            kind.prepareForUpdate = { new, old in
                guard new["spec"] != old["spec"] else { return }
                new["status", "acceptedNames"] = new["spec", "names"]
                let storage = (new["spec", "versions"]?.array ?? []).first { $0["storage"]?.bool == true }
                var versions = new["status", "storedVersions"]?.array ?? []
                if let name = storage?["name"], !versions.contains(name) { versions.append(name) }
                new["status", "storedVersions"] = .array(versions)
            }
            kind.validate = { object, errors in
                errors.append(contentsOf: CustomResourceDefinition(object).errors)
            }
            kind.validateUpdate = { new, old, errors in
                for member in ["group", "scope"] where new["spec", member] != old["spec", member] {
                    errors.append(.invalid("spec.\(member)", new["spec", member] ?? "", "field is immutable"))
                }
                for member in ["plural", "kind"] where new["spec", "names", member] != old["spec", "names", member] {
                    errors.append(
                        .invalid("spec.names.\(member)", new["spec", "names", member] ?? "", "field is immutable"))
                }
            }
            kind.columns = [.name, TableColumn(name: "Created At", type: "date")]
            kind.cells = { [.string($0.meta.name), .string($0.meta.creationTimestamp)] }
        }
}
