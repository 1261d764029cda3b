import K8sClient

/// Creates ChatBackends and waits until the operator has made all objects of all of them.
struct Convergence {
    let client: KubernetesClient

    func run(count: Int) async throws -> Duration {
        // Watched and not polled: what is measured shares the machine with this program.
        let (converged, tell) = AsyncStream.makeStream(of: String.self)
        let informer = Informer<Bool>(
            client, SampleBackend.resource,
            selecting: [
                "metadata": ["generation": .all],
                "status": ["observedGeneration": .all, "inventory": .items(["kind": .all])],
            ]
        ) { value in
            value["status", "observedGeneration"] == value["metadata", "generation"]
                && value["status", "inventory"]?.array?.count == 7
        }
        informer.onChange { key in
            if informer.store[key] == true { tell.yield(key.name) }
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            await informer.synced()
            let duration = try await ContinuousClock().measure {
                for index in 0..<count {
                    _ = try await client.create(
                        SampleBackend.resource, SampleBackend.manifest("bench-\(index)"), as: PartialObjectMetadata.self
                    )
                }
                var waiting = Set((0..<count).map { "bench-\($0)" })
                for await name in converged {
                    waiting.remove(name)
                    if waiting.isEmpty { break }
                }
            }
            group.cancelAll()
            return duration
        }
    }
}
