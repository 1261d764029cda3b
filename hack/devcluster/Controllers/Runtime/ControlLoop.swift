import K8sClient
import Logging

/// A level-triggered control loop: changes of the watched objects name keys, and each key is reconciled from what the
/// cluster holds by then, one at a time.
///
/// A reconciliation that throws is repeated after a delay that doubles from 100 ms to 30 s.
struct ControlLoop: Sendable {
    /// A resource to watch, and the keys that a change of one of its objects makes due.
    struct Source: Sendable {
        let resource: GroupResource
        let keys: @Sendable (JSONValue) -> [ObjectKey]

        /// The objects that are reconciled themselves.
        static func primary(_ resource: GroupResource) -> Source {
            Source(resource: resource) { [$0.meta.key] }
        }

        /// Objects that an object of a kind controls.
        static func owned(_ resource: GroupResource, by kind: String) -> Source {
            Source(resource: resource) { object in
                guard let owner = object.meta.controller, owner.kind == kind else { return [] }
                return [ObjectKey(namespace: object.meta.namespace, name: owner.name)]
            }
        }
    }

    let name: String
    let cluster: any Cluster
    let sources: [Source]
    let logger: Logger
    /// Brings one object closer to what it asks for; returns after how long to look again though nothing changes.
    let reconcile: @Sendable (ObjectKey) async throws -> Duration?

    /// Runs until the task is cancelled.
    func run() async {
        let queue = WorkQueue()
        await withDiscardingTaskGroup { group in
            for source in sources {
                let events = cluster.watch(source.resource, namespace: nil)
                group.addTask {
                    for await event in events {
                        for key in source.keys(event.object) { queue.add(key) }
                    }
                }
            }
            var failures: [ObjectKey: Int] = [:]
            for await key in queue.keys {
                queue.begin(key)
                var again: Duration?
                do {
                    again = try await reconcile(key)
                    failures[key] = nil
                } catch {
                    let count = failures[key, default: 0]
                    failures[key] = count + 1
                    again = min(.milliseconds(100) * (1 << min(count, 9)), .seconds(30))
                    logger.debug("\(name): \(key) failed, again in \(again ?? .zero): \(error)")
                }
                guard let again else { continue }
                let due = ContinuousClock.now + again
                guard queue.schedule(key, at: due) else { continue }
                group.addTask {
                    try? await Task.sleep(until: due, clock: .continuous)
                    queue.fire(key, dueAt: due)
                }
            }
            group.cancelAll()
        }
    }
}
