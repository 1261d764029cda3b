import DequeModule
public import Logging
import Metrics
public import ServiceLifecycle
import Synchronization

/// Writes Events (`events.k8s.io/v1`) about objects, off the caller's path.
///
/// `record` never waits and never fails: what cannot be written is logged and dropped, since an event is an account of
/// what happened, not a part of it. The same event again within ten minutes counts up the first one's series.
public final class EventRecorder: Service {
    /// How many events may wait to be written. More come only while the server is away, and the newest matter most.
    public static let capacity = 1000
    /// How long repetitions are gathered before the series is written.
    private static let flushInterval: Duration = .seconds(5)

    private let client: KubernetesClient
    private let logger: Logger
    private let queue = Mutex<Deque<(EventSeries.Occurrence, Timestamp)>>([])
    private let series: Mutex<EventSeries>
    private let signal: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let dropped = Counter(label: "kubernetes_client_events_dropped_total")

    /// Makes a recorder; `run()` starts it.
    /// - Parameters:
    ///   - client: what writes the events.
    ///   - reportingController: who reports, as `chatbackend.io/operator`.
    ///   - reportingInstance: which instance of it, as the pod's name.
    ///   - logger: told of events that cannot be written.
    public init(
        client: KubernetesClient, reportingController: String, reportingInstance: String,
        logger: Logger = Logger(label: "events")
    ) {
        self.client = client
        self.logger = logger
        series = Mutex(EventSeries(controller: reportingController, instance: reportingInstance))
        // One wake-up stands for any number of events in the queue.
        (signal, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Notes an event; it is written later.
    /// - Parameters:
    ///   - type: whether it is as it should be.
    ///   - regarding: what it is about; an object without a namespace has its events in `default`.
    ///   - reason: why it happened, as one CamelCase word.
    ///   - action: what was done or tried, as one CamelCase word.
    ///   - note: what happened, for people; cut off after 1024 bytes.
    public func record(
        _ type: EventType, regarding: ObjectReference, reason: String, action: String, note: String
    ) {
        let occurrence = EventSeries.Occurrence(
            type: type, regarding: regarding, reason: reason, action: action, note: note)
        let overflowed = queue.withLock { queue in
            queue.append((occurrence, .now))
            return queue.count > Self.capacity && queue.popFirst() != nil
        }
        if overflowed { dropped.increment() }
        wake.yield()
    }

    /// Writes events until graceful shutdown or cancellation; on graceful shutdown what is noted by then is still written.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.writeLoop() }
        guard !Task.isCancelled else { return }
        await writeQueue()
        await flush()
    }

    private func writeLoop() async {
        await withDiscardingTaskGroup { group in
            var nextFlush: ContinuousClock.Instant?
            for await _ in signal {
                await writeQueue()
                if let due = nextFlush, due <= .now {
                    nextFlush = nil
                    await flush()
                }
                if nextFlush == nil, series.withLock({ $0.hasUnwritten }) {
                    nextFlush = .now + Self.flushInterval
                    group.addTask { [wake] in
                        // Cut short only by the end of the loop, which needs no further wake-up.
                        try? await Task.sleep(for: Self.flushInterval + .milliseconds(1))
                        wake.yield()
                    }
                }
            }
            group.cancelAll()
        }
    }

    private func writeQueue() async {
        while let (occurrence, time) = queue.withLock({ $0.popFirst() }) {
            if let write = series.withLock({ $0.record(occurrence, at: time) }) { await carryOut(write) }
        }
    }

    private func flush() async {
        for write in series.withLock({ $0.flush() }) { await carryOut(write) }
    }

    private func carryOut(_ write: EventSeries.Write) async {
        do throws(KubernetesError) {
            switch write {
            case .create(let namespace, let event):
                try await client.create(.events, event, namespace: namespace)
            case .count(let namespace, let name, let change, let event):
                do throws(KubernetesError) {
                    try await client.patch(.events, name, namespace: namespace, .merge(change))
                } catch {
                    guard error.isNotFound else { throw error }
                    var event = event
                    event["series"] = change["series"]
                    try await client.create(.events, event, namespace: namespace)
                }
            }
        } catch {
            dropped.increment()
            // A namespace on its way out takes no events any more; that is no news.
            logger.log(
                level: error.isNamespaceTerminating || error.code == .cancelled ? .debug : .warning,
                "an event could not be written", metadata: ["error": "\(error)"])
        }
    }
}
