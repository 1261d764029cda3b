import K8sClient
import ServiceLifecycle
import Synchronization

/// Watches the kinds of other projects while the cluster has them: a CustomResourceDefinition that comes starts the watch of
/// its kind, one that goes ends it.
final class OptionalKinds: Service {
    private typealias Watches = [APIResource: Informer<ObservedObject>]

    private let definitions: Informer<Void>
    private let watches = Mutex(Watches())
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation
    private let start: @Sendable (APIResource) -> Informer<ObservedObject>
    private let onServed: @Sendable () -> Void

    /// - Parameters:
    ///   - start: Makes the watch of a kind.
    ///   - onServed: Called when the answer of `served` changed.
    ///   - onError: Called when the definitions could not be listed or watched; it is tried again.
    init(
        client: KubernetesClient, start: @escaping @Sendable (APIResource) -> Informer<ObservedObject>,
        onServed: @escaping @Sendable () -> Void, onError: @escaping @Sendable (KubernetesError) -> Void
    ) {
        // Names are enough: a cluster may have hundreds, of a megabyte each.
        definitions = Informer(client, .customResourceDefinitions, selecting: ["metadata": ["name": .all]]) { _ in }
        self.start = start
        self.onServed = onServed
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let names = Set(OwnedKinds.optional.map(\.definitionName))
        definitions.onChange { [change] key in
            if names.contains(key.name) { change.yield() }
        }
        definitions.onError(onError)
    }

    /// The kinds that can be made: those whose objects have been listed.
    var served: Set<APIResource> {
        watches.withLock { Set($0.filter(\.value.hasSynced).keys) }
    }

    /// What the watch shows of an object.
    func object(_ resource: APIResource, _ key: ObjectKey) -> ObservedObject? {
        watches.withLock { $0[resource] }?.store[key]
    }

    /// How long the start waits for the first list of a kind whose definition is there: one that is not served yet, or of another
    /// version than is known here, must not keep everything else waiting.
    private static let patience: Duration = .seconds(5)

    /// Returns when it is known which kinds there are, and the first list of each is in.
    func synced() async {
        await definitions.synced()
        for resource in present {
            let deadline = ContinuousClock.now + Self.patience
            while !served.contains(resource), ContinuousClock.now < deadline, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))  // cancelled: the loop ends
            }
        }
    }

    private var present: [APIResource] {
        OwnedKinds.optional.filter { definitions.store[ObjectKey(namespace: nil, name: $0.definitionName)] != nil }
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.definitions.run() }
                group.addTask { await self.follow() }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// Starts and ends watches as definitions come and go.
    private func follow() async {
        await definitions.synced()
        await withDiscardingTaskGroup { group in
            var running: [APIResource: Task<Void, Never>] = [:]
            change.yield()
            for await _ in changes {
                let present = Set(present)
                for (resource, task) in running where !present.contains(resource) {
                    task.cancel()
                    running[resource] = nil
                    watches.withLock { $0[resource] = nil }
                    onServed()
                }
                for resource in present where running[resource] == nil {
                    let informer = start(resource)
                    watches.withLock { $0[resource] = informer }
                    let task = Task {
                        // It ends by cancellation alone; a client that was shut down ends everything else as well.
                        _ = try? await informer.run()
                    }
                    running[resource] = task
                    group.addTask { [onServed] in
                        await informer.synced()
                        onServed()
                    }
                    group.addTask {
                        await withTaskCancellationHandler {
                            await task.value
                        } onCancel: {
                            task.cancel()
                        }
                    }
                }
            }
        }
    }
}
