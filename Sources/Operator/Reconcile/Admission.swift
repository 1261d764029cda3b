/// Why a resource is not acted on: what `Stalled` says.
struct Refusal: Error, Sendable, Hashable {
    let reason: String
    /// One sentence that says what to do.
    let message: String
}

/// What is known of a namespace before anything is written to it.
enum NamespaceClaim: Sendable, Hashable {
    /// There is none of that name.
    case absent
    /// It was made for this very resource.
    case ours
    /// It was there before and is taken over, because its label says that it may be.
    case adopted
    /// It was made for another resource, or taken over by it.
    case takenBy(backend: String)
    /// It was there before, and nothing says that it may be taken over.
    case foreign
}

/// Judges what the schema cannot: names against Kubernetes' limits and the claim on a namespace. Pure.
enum Admission {
    /// The refusal that the resource's own fields call for.
    ///
    /// The schema refuses the same at admission; this covers servers that evaluate no CEL, and `render`.
    static func check(_ backend: ChatBackend, operatorNamespace: String) -> Refusal? {
        let name = backend.name
        if name.count > ObjectNames.maximumLength {
            return Refusal(
                reason: Reason.invalidName,
                message: "The name \(name) has \(name.count) characters, and its CronJob \(name)-backup could not be "
                    + "made: create the ChatBackend under a name of at most \(ObjectNames.maximumLength) characters.")
        }
        if !isServiceName(name) {
            return Refusal(
                reason: Reason.invalidName,
                message: "The name \(name) cannot be a Service's: create the ChatBackend under a name that begins with "
                    + "a lower-case letter and holds only lower-case letters, digits and dashes.")
        }
        if backend.namespace.hasPrefix("kube-") {
            return Refusal(
                reason: Reason.namespaceReserved,
                message:
                    "The namespace \(backend.namespace) belongs to Kubernetes: create the ChatBackend with another "
                    + "spec.namespace.")
        }
        if backend.namespace == operatorNamespace {
            return Refusal(
                reason: Reason.namespaceReserved,
                message:
                    "The namespace \(backend.namespace) is the operator's own: create the ChatBackend with another "
                    + "spec.namespace.")
        }
        return checkFields(backend) ?? checkDatabase(backend.spec)
    }

    /// The refusal that the namespace's state calls for.
    static func check(_ claim: NamespaceClaim, namespace: String) -> Refusal? {
        switch claim {
        case .absent, .ours, .adopted: nil
        case .takenBy(let other):
            Refusal(
                reason: Reason.namespaceClaimed,
                message: "The namespace \(namespace) belongs to the ChatBackend \(other): create this one with another "
                    + "spec.namespace, or delete \(other) first.")
        case .foreign:
            Refusal(
                reason: Reason.namespaceNotOwned,
                message:
                    "The namespace \(namespace) exists and was not made for this ChatBackend: to hand it over, run "
                    + "`kubectl label namespace \(namespace) \(StandardLabels.adopt)=true`; else create the ChatBackend with "
                    + "another spec.namespace.")
        }
    }

    /// RFC 1035, as Services want it.
    private static func isServiceName(_ name: String) -> Bool {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789-".utf8
        guard let first = name.utf8.first, let last = name.utf8.last else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) && last != UInt8(ascii: "-")
            && name.utf8.allSatisfy { allowed.contains($0) }
    }
}
