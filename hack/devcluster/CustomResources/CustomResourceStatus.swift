import K8sClient

/// The status of CustomResourceDefinitions.
enum CustomResourceStatus {
    /// What the status of a definition says once its kinds are served.
    static func initial(of definition: JSONValue) -> JSONValue {
        let now = definition.meta.creationTimestamp
        let storage = (definition["spec", "versions"]?.array ?? []).first { $0["storage"]?.bool == true }
        return [
            "acceptedNames": definition["spec", "names"] ?? [:],
            "storedVersions": [storage?["name"] ?? ""],
            "conditions": [
                [
                    "type": "NamesAccepted", "status": "True", "lastTransitionTime": .string(now),
                    "reason": "NoConflicts", "message": "no conflicts found",
                ],
                [
                    "type": "Established", "status": "True", "lastTransitionTime": .string(now),
                    "reason": "InitialNamesAccepted", "message": "the initial names have been accepted",
                ],
            ],
        ]
    }
}
