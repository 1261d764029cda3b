import K8sClient

/// Leaves the number of pods to a HorizontalPodAutoscaler; `replicas` is then without effect.
struct Autoscaling: Codable, Sendable, Hashable {
    var minReplicas = 2
    var maxReplicas: Int
    /// Per cent of the CPU that the pods ask for; 80 where no target is given at all.
    var targetCPUUtilizationPercentage: Int?
    /// Per cent of the memory that the pods ask for.
    var targetMemoryUtilizationPercentage: Int?
    /// `behavior` of the HorizontalPodAutoscaler (`autoscaling/v2`), as it stands.
    var behavior: JSONValue?

    init(minReplicas: Int = 2, maxReplicas: Int) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        minReplicas = try container.decode(Int.self, forKey: .minReplicas, default: minReplicas)
        maxReplicas = try container.decode(Int.self, forKey: .maxReplicas)
        targetCPUUtilizationPercentage = try container.decodeIfPresent(
            Int.self, forKey: .targetCPUUtilizationPercentage)
        targetMemoryUtilizationPercentage = try container.decodeIfPresent(
            Int.self, forKey: .targetMemoryUtilizationPercentage)
        behavior = try container.decodeIfPresent(JSONValue.self, forKey: .behavior)
    }
}

extension Autoscaling {
    /// Resource names and the per cents of the request to aim at.
    var targets: [(resource: String, percent: Int)] {
        let cpu = targetCPUUtilizationPercentage.map { [("cpu", $0)] } ?? []
        let memory = targetMemoryUtilizationPercentage.map { [("memory", $0)] } ?? []
        let all = cpu + memory
        return all.isEmpty ? [("cpu", 80)] : all
    }
}
