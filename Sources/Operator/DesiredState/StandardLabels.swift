/// What an object is for.
enum Component: String {
    case backend, backup, database, cache
}

/// The labels that every object carries.
enum StandardLabels {
    static let managedBy = "app.kubernetes.io/managed-by"
    static let instance = "app.kubernetes.io/instance"
    /// On a namespace that was there before: a ChatBackend may take it over.
    static let adopt = "chatbackend.io/adopt"
    /// On a namespace that stays after its ChatBackend, with the data in it: one of the same name takes it up.
    static let retained = "chatbackend.io/retained"
    static let operatorName = "chatbackend-operator"
    /// Selects everything that the operator watches.
    static let selector = "\(managedBy)=\(operatorName)"

    static func all(for backend: ChatBackend, _ component: Component) -> [String: String] {
        [
            "app": backend.name,
            "app.kubernetes.io/name": "chatgpt-backend",
            instance: backend.name,
            "app.kubernetes.io/component": component.rawValue,
            "app.kubernetes.io/part-of": "chatbackend",
            "app.kubernetes.io/version": ImageVersion(image: backend.spec.image).label,
            managedBy: operatorName,
        ]
    }
}
