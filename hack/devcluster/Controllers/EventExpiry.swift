import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle

/// Deletes events after an hour, as etcd's leases do on a real cluster: they would be the one thing that grows for ever.
struct EventExpiry: Service {
    /// How long an event is kept after it was last written.
    static let timeToLive = 3600.0

    let registry: Registry
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // The only end of this sleep besides its time is the shutdown's cancellation.
            while (try? await Task.sleep(for: .seconds(30))) != nil {
                expire(before: Date().timeIntervalSince1970 - Self.timeToLive)
            }
        }
    }

    func expire(before limit: Double) {
        let events = GroupResource("", "events")
        for stored in registry.store.list(events, Selection()).objects {
            do {
                let event = try stored.decoded()
                let times =
                    ["lastTimestamp", "eventTime"].compactMap { event[$0]?.string }
                    + [event["series", "lastObservedTime"]?.string, event.meta.creationTimestamp].compactMap { $0 }
                guard let last = times.compactMap({ Timestamp.seconds($0) }).max(), last < limit else { continue }
                try registry.delete(
                    events, namespace: stored.key.namespace, name: stored.key.name, Deletion(uid: stored.uid))
            } catch {
                // Somebody else deleted it first.
                if error.code == 404 || error.code == 409 { continue }
                logger.warning("an event cannot be expired", metadata: ["error": "\(error.message)"])
            }
        }
    }
}
