import K8sClient

/// How long after a ChatBackend was edited its Deployment is another, beside a change of a Deployment itself.
struct EditLatency {
    let client: KubernetesClient

    /// What of a Deployment tells which edit it shows.
    private struct Shown: Sendable {
        let cpu: String?
        let annotation: String?
    }

    /// Edits one ChatBackend after the other, from `bench-0` on, and waits each time until the watch of Deployments shows it.
    func run(count: Int) async throws -> (throughOperator: [Duration], direct: [Duration]) {
        let (changes, tell) = AsyncStream.makeStream(of: Shown.self)
        let informer = Informer<Shown>(
            client, .deployments,
            selecting: [
                "metadata": ["annotations": ["bench.example/edit": .all]],
                "spec": ["template": ["spec": ["containers": .items(["resources": .all])]]],
            ]
        ) { deployment in
            let container = deployment["spec", "template", "spec", "containers"]?.array?.first
            return Shown(
                cpu: container?["resources", "requests", "cpu"]?.string,
                annotation: deployment["metadata", "annotations", "bench.example/edit"]?.string)
        }
        informer.onChange { if let shown = informer.store[$0] { tell.yield(shown) } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            await informer.synced()
            var iterator = changes.makeAsyncIterator()
            var throughOperator: [Duration] = []
            var direct: [Duration] = []
            let clock = ContinuousClock()
            for index in 0..<count {
                let name = "bench-\(index)"
                let cpu = "\(251 + index)m"
                throughOperator.append(
                    try await clock.measure {
                        try await client.patch(
                            SampleBackend.resource, name,
                            .merge(["spec": ["resources": ["requests": ["cpu": .string(cpu)]]]]))
                        while let shown = await iterator.next(), shown.cpu != cpu {}
                    })
                // The status that follows is not part of either.
                try await Task.sleep(for: .milliseconds(100))
                // Nobody's field, so that the operator leaves it alone.
                let edit = "\(index)"
                direct.append(
                    try await clock.measure {
                        try await client.patch(
                            .deployments, name, namespace: name,
                            .merge(["metadata": ["annotations": ["bench.example/edit": .string(edit)]]]))
                        while let shown = await iterator.next(), shown.annotation != edit {}
                    })
                try await Task.sleep(for: .milliseconds(100))
            }
            group.cancelAll()
            return (throughOperator, direct)
        }
    }
}
