import K8sClient

/// A Deployment of `apps/v1` with the fields that programs usually look at, as a user of the library would write it down. It
/// covers everything in the recorded events, so that reading it is the work that Python's `V1Deployment` is.
struct Deployment: Codable, Sendable, KubernetesObject {
    var apiVersion: String?
    var kind: String?
    var metadata: ObjectMeta
    var spec: Spec?
    var status: Status?

    struct Spec: Codable, Sendable {
        var replicas: Int?
        var selector: LabelSelector?
        var template: PodTemplate
        var strategy: Strategy?
        var minReadySeconds: Int?
        var revisionHistoryLimit: Int?
        var paused: Bool?
        var progressDeadlineSeconds: Int?
    }

    struct Strategy: Codable, Sendable {
        var type: String?
        var rollingUpdate: RollingUpdate?

        struct RollingUpdate: Codable, Sendable {
            var maxUnavailable: IntOrString?
            var maxSurge: IntOrString?
        }
    }

    struct Status: Codable, Sendable {
        var observedGeneration: Int64?
        var replicas: Int?
        var updatedReplicas: Int?
        var readyReplicas: Int?
        var availableReplicas: Int?
        var unavailableReplicas: Int?
        var collisionCount: Int?
        var conditions: [Condition]?

        struct Condition: Codable, Sendable {
            var type: String
            var status: String
            var lastUpdateTime: String?
            var lastTransitionTime: String?
            var reason: String?
            var message: String?
        }
    }
}

struct LabelSelector: Codable, Sendable {
    var matchLabels: [String: String]?
    var matchExpressions: [Requirement]?

    struct Requirement: Codable, Sendable {
        var key: String
        var `operator`: String
        var values: [String]?
    }
}

enum IntOrString: Codable, Sendable {
    case int(Int)
    case string(String)

    init(from decoder: any Decoder) throws {
        switch try JSONValue(from: decoder) {
        case .string(let text): self = .string(text)
        case let value: self = .int(value.int ?? 0)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let value): try container.encode(value)
        case .string(let text): try container.encode(text)
        }
    }
}
