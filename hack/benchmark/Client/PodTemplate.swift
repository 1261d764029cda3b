import K8sClient

/// What a Deployment makes pods of (`core/v1`).
struct PodTemplate: Codable, Sendable {
    var metadata: ObjectMeta?
    var spec: PodSpec?
}

struct PodSpec: Codable, Sendable {
    var volumes: [Volume]?
    var initContainers: [Container]?
    var containers: [Container]
    var restartPolicy: String?
    var terminationGracePeriodSeconds: Int?
    var activeDeadlineSeconds: Int?
    var dnsPolicy: String?
    var nodeSelector: [String: String]?
    var serviceAccountName: String?
    var serviceAccount: String?
    var automountServiceAccountToken: Bool?
    var nodeName: String?
    var hostNetwork: Bool?
    var securityContext: SecurityContext?
    var imagePullSecrets: [LocalReference]?
    var schedulerName: String?
    var priorityClassName: String?
}

struct LocalReference: Codable, Sendable {
    var name: String?
}

struct SecurityContext: Codable, Sendable {
    var runAsUser: Int64?
    var runAsGroup: Int64?
    var runAsNonRoot: Bool?
    var fsGroup: Int64?
    var privileged: Bool?
    var readOnlyRootFilesystem: Bool?
    var allowPrivilegeEscalation: Bool?
}

struct Volume: Codable, Sendable {
    var name: String
    var configMap: ConfigMapSource?
    var secret: SecretSource?
    var emptyDir: EmptyDirSource?
    var persistentVolumeClaim: ClaimSource?

    struct ConfigMapSource: Codable, Sendable {
        var name: String?
        var defaultMode: Int?
        var optional: Bool?
    }

    struct SecretSource: Codable, Sendable {
        var secretName: String?
        var defaultMode: Int?
        var optional: Bool?
    }

    struct EmptyDirSource: Codable, Sendable {
        var medium: String?
        var sizeLimit: String?
    }

    struct ClaimSource: Codable, Sendable {
        var claimName: String
        var readOnly: Bool?
    }
}

struct Container: Codable, Sendable {
    var name: String
    var image: String?
    var command: [String]?
    var args: [String]?
    var workingDir: String?
    var ports: [Port]?
    var env: [EnvironmentVariable]?
    var resources: Resources?
    var volumeMounts: [Mount]?
    var livenessProbe: Probe?
    var readinessProbe: Probe?
    var startupProbe: Probe?
    var terminationMessagePath: String?
    var terminationMessagePolicy: String?
    var imagePullPolicy: String?
    var securityContext: SecurityContext?

    struct Port: Codable, Sendable {
        var name: String?
        var hostPort: Int?
        var containerPort: Int
        var `protocol`: String?
    }

    struct EnvironmentVariable: Codable, Sendable {
        var name: String
        var value: String?
        var valueFrom: Source?

        struct Source: Codable, Sendable {
            var configMapKeyRef: KeyReference?
            var secretKeyRef: KeyReference?
        }

        struct KeyReference: Codable, Sendable {
            var name: String?
            var key: String
            var optional: Bool?
        }
    }

    struct Resources: Codable, Sendable {
        var limits: [String: String]?
        var requests: [String: String]?
    }

    struct Mount: Codable, Sendable {
        var name: String
        var readOnly: Bool?
        var mountPath: String
        var subPath: String?
    }

    struct Probe: Codable, Sendable {
        var httpGet: HTTPGet?
        var initialDelaySeconds: Int?
        var timeoutSeconds: Int?
        var periodSeconds: Int?
        var successThreshold: Int?
        var failureThreshold: Int?

        struct HTTPGet: Codable, Sendable {
            var path: String?
            var port: IntOrString
            var host: String?
            var scheme: String?
        }
    }
}
