import K8sClient

/// What a HorizontalPodAutoscaler does in a cluster without metrics; pure.
///
/// It keeps its target between `minReplicas` and `maxReplicas`, which needs no measurement, and says of every metric that
/// it cannot be had: what a real one does where no metrics server is installed.
struct AutoscalerPlan {
    /// The target, as far as it could be looked up.
    enum Target {
        case scale(JSONValue)
        case failure(String)
    }

    struct Note: Hashable {
        var isWarning: Bool
        var reason: String
        var message: String
    }

    /// The replicas to set.
    private(set) var rescale: Int?
    private(set) var notes: [Note] = []
    private(set) var conditions: Conditions
    private var current: Int?
    private var desired: Int
    private let autoscaler: JSONValue
    private let now: KubernetesTime

    init(_ autoscaler: JSONValue, target: Target, now: KubernetesTime) {
        self.autoscaler = autoscaler
        self.now = now
        conditions = Conditions(autoscaler)
        current = autoscaler["status", "currentReplicas"]?.int
        desired = autoscaler["status", "desiredReplicas"]?.int ?? 0
        switch target {
        case .failure(let message):
            conditions.set(
                "AbleToScale", "False", reason: "FailedGetScale",
                message: "the HPA controller was unable to get the target's current scale: \(message)", now: now)
            notes.append(Note(isWarning: true, reason: "FailedGetScale", message: message))
        case .scale(let scale): decide(scale)
        }
    }

    private mutating func decide(_ scale: JSONValue) {
        let replicas = scale["spec", "replicas"]?.int ?? 0
        let least = autoscaler["spec", "minReplicas"]?.int ?? 1
        let most = autoscaler["spec", "maxReplicas"]?.int ?? 1
        current = scale["status", "replicas"]?.int ?? 0
        conditions.set(
            "AbleToScale", "True", reason: "SucceededGetScale",
            message: "the HPA controller was able to get the target's current scale", now: now)
        if replicas == 0 {
            desired = 0
            conditions.set(
                "ScalingActive", "False", reason: "ScalingDisabled",
                message: "scaling is disabled since the replica count of the target is zero", now: now)
        } else if replicas > most {
            resize(to: most, "Current number of replicas above Spec.MaxReplicas")
        } else if replicas < least {
            resize(to: least, "Current number of replicas below Spec.MinReplicas")
        } else {
            failToMeasure()
        }
    }

    private mutating func resize(to replicas: Int, _ why: String) {
        rescale = replicas
        desired = replicas
        conditions.set(
            "AbleToScale", "True", reason: "SucceededRescale",
            message: "the HPA controller was able to update the target scale to \(replicas)", now: now)
        notes.append(
            Note(isWarning: false, reason: "SuccessfulRescale", message: "New size: \(replicas); reason: \(why)"))
    }

    private mutating func failToMeasure() {
        let metrics = (autoscaler["spec", "metrics"]?.array ?? []).map(AutoscalerMetric.init)
        guard let first = metrics.first else { return }
        let (reason, problem) = Self.failure(first)
        conditions.set(
            "ScalingActive", "False", reason: reason,
            message: "the HPA was unable to compute the replica count: \(problem)", now: now)
        notes.append(Note(isWarning: true, reason: reason, message: problem))
        notes.append(
            Note(
                isWarning: true, reason: "FailedComputeMetricsReplicas",
                message:
                    "invalid metrics (\(metrics.count) invalid out of \(metrics.count)), first error is: failed to get "
                    + "\(first.name) \(first.type.lowercased()) metric value: \(problem)"))
    }

    /// Why a metric cannot be had, in the words of a real autoscaler.
    private static func failure(_ metric: AutoscalerMetric) -> (reason: String, message: String) {
        let missing = "the server could not find the requested resource"
        switch metric.type {
        case "Resource", "ContainerResource":
            let kind = metric.target["averageUtilization"] == nil ? "usage" : "utilization"
            return (
                metric.type == "Resource" ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric",
                "failed to get \(metric.name) \(kind): unable to get metrics for resource \(metric.name): unable to fetch "
                    + "metrics from resource metrics API: \(missing) (get pods.metrics.k8s.io)"
            )
        case "External":
            return (
                "FailedGetExternalMetric",
                "unable to get external metric \(metric.name): unable to fetch metrics from external metrics API: \(missing)"
            )
        default:
            return (
                "FailedGet\(metric.type)Metric",
                "unable to get metric \(metric.name): unable to fetch metrics from custom metrics API: \(missing)"
            )
        }
    }

    var status: JSONValue {
        var status: [String: JSONValue] = [
            "desiredReplicas": JSONValue(desired), "conditions": .array(conditions.items),
        ]
        if let current, current != 0 { status["currentReplicas"] = JSONValue(current) }
        if let last = autoscaler["status", "lastScaleTime"] { status["lastScaleTime"] = last }
        if rescale != nil { status["lastScaleTime"] = .string(now.description) }
        return .object(status)
    }
}
