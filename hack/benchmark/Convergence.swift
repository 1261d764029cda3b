import K8sClient

/// Creates ChatBackends and waits until the operator has made all objects of all of them.
struct Convergence {
    let client: KubernetesClient

    func run(count: Int) async throws -> Duration {
        let clock = ContinuousClock()
        return try await clock.measure {
            for index in 0..<count {
                _ = try await client.create(SampleBackend.resource, SampleBackend.manifest("bench-\(index)"))
            }
            while true {
                let list = try await client.listAll(SampleBackend.resource)
                let converged = list.items.count { item in
                    item["status", "observedGeneration"] == item["metadata", "generation"]
                        && item["status", "inventory"]?.array?.count == 7
                }
                if converged >= count { return }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}
