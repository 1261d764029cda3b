import K8sClient

/// Fields that contradict each other. The schema's rules refuse the same at admission.
extension Admission {
    /// The refusal that the fields of exposure, autoscaling, disruption and mail call for.
    static func checkFields(_ backend: ChatBackend) -> Refusal? {
        let spec = backend.spec
        return spec.exposure.flatMap(check(exposure:))
            ?? spec.autoscaling.flatMap {
                check(autoscaling: $0, resources: spec.resources, databaseIsSQLite: spec.usesSQLite)
            }
            ?? spec.disruption.flatMap(check(disruption:)) ?? spec.smtp.flatMap(check(smtp:))
    }

    private static func check(exposure: Exposure) -> Refusal? {
        if (exposure.ingress == nil) == (exposure.httpRoute == nil) {
            return Refusal(
                reason: Reason.invalidExposure,
                message: "spec.exposure must have one of ingress and httpRoute: set one and remove the other.")
        }
        if let tls = exposure.ingress?.tls, tls.clusterIssuer != nil, tls.issuer != nil {
            return Refusal(
                reason: Reason.invalidExposure,
                message: "spec.exposure.ingress.tls names both a clusterIssuer and an issuer: remove one.")
        }
        return nil
    }

    /// - Parameter databaseIsSQLite: whether the data is a file that one pod alone may have.
    static func check(
        autoscaling: Autoscaling, resources: ResourceRequirements, databaseIsSQLite: Bool
    ) -> Refusal? {
        func refusal(_ message: String) -> Refusal { Refusal(reason: Reason.invalidAutoscaling, message: message) }
        if databaseIsSQLite {
            return refusal("SQLite serves one pod: remove spec.autoscaling, or set spec.database to PostgreSQL.")
        }
        if autoscaling.minReplicas > autoscaling.maxReplicas {
            return refusal(
                "spec.autoscaling.minReplicas is \(autoscaling.minReplicas) and above maxReplicas, "
                    + "\(autoscaling.maxReplicas): set it to at most that.")
        }
        // Kubernetes takes a limit for the request where there is only a limit.
        for target in autoscaling.targets
        where resources.requests?[target.resource] == nil && resources.limits?[target.resource] == nil {
            return refusal(
                "spec.autoscaling aims at a share of the \(target.resource) that the pods ask for, and they ask for none: set "
                    + "spec.resources.requests.\(target.resource).")
        }
        return nil
    }

    private static func check(disruption: Disruption) -> Refusal? {
        guard disruption.minAvailable != nil, disruption.maxUnavailable != nil else { return nil }
        return Refusal(
            reason: Reason.invalidDisruption,
            message: "spec.disruption has both minAvailable and maxUnavailable: remove one.")
    }

    private static func check(smtp: MailServer) -> Refusal? {
        guard (smtp.username == nil) != (smtp.passwordSecretRef == nil) else { return nil }
        return Refusal(
            reason: Reason.invalidMailServer,
            message: "spec.smtp needs username and passwordSecretRef together: set both, or neither.")
    }
}

/// What depends on the rest of the cluster.
extension Admission {
    /// The refusal when another, older ChatBackend has one of the hosts.
    static func check(_ conflict: HostConflict?) -> Refusal? {
        guard let conflict else { return nil }
        return Refusal(
            reason: Reason.hostTaken,
            message: "The host \(conflict.host) belongs to the ChatBackend \(conflict.holder): set another host in "
                + "spec.exposure, or take it from \(conflict.holder).")
    }

    /// The refusal when a kind is asked for that the cluster does not have.
    static func check(_ backend: ChatBackend, servedKinds: Set<APIResource>) -> Refusal? {
        guard backend.spec.exposure?.httpRoute != nil, !servedKinds.contains(.httpRoutes) else { return nil }
        return Refusal(
            reason: Reason.gatewayAPIMissing,
            message: "spec.exposure.httpRoute needs the Gateway API, and the cluster has no CustomResourceDefinition "
                + "\(APIResource.httpRoutes.definitionName): install the Gateway API, or use spec.exposure.ingress.")
    }
}
