/// Kubernetes' own kinds, as far as this server knows them.
enum BuiltInKinds {
    static let all: [KindDefinition] =
        core + apps + batch + networking + policy + access + reviews + extensions
}
