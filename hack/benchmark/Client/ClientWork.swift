import ArgumentParser
import CLinux
import FoundationEssentials
import K8sClient
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What a watch or a cache holds of each object.
enum ObjectForm: String, CaseIterable, ExpressibleByArgument, Sendable {
    case typed, dynamic, metadata, selected
}

/// One measurement, in a process of its own so that none profits from what another has loaded or left behind.
///
/// Prints microseconds by the clock and of the processor for each request or event, or bytes for each object.
struct ClientWork: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "client-work", shouldDisplay: false)

    enum Work: String, CaseIterable, ExpressibleByArgument { case get, watch, cache }

    @Argument var work: Work
    @Option(help: "The kubeconfig of the cluster that is asked (get).") var kubeconfig: String?
    @Option(help: "The address of the recorded events (watch, cache).") var server: String?
    @Option var form = ObjectForm.typed
    @Option(help: "How many requests, events or objects.") var count: Int
    @Option(help: "How many of them first that do not count.") var warmUp = 300

    func run() async throws {
        switch work {
        case .get: try await get()
        case .watch: try await watch()
        case .cache: try await cache()
        }
    }

    // MARK: Requests

    private func get() async throws {
        let client = try KubernetesClient.forBenchmark(kubeconfig ?? "")
        var stopwatch = Stopwatch()
        for number in 0..<(warmUp + count) {
            if number == warmUp { stopwatch = Stopwatch() }
            _ = try await client.get(.configMaps, "small", namespace: "bench-client", as: SmallConfigMap.self)
        }
        print(stopwatch.microseconds(count))
        await client.shutdown()
    }

    private struct SmallConfigMap: Codable, Sendable, KubernetesObject {
        var metadata: ObjectMeta
        var data: [String: String]?
    }

    // MARK: Watches

    private var recorded: KubernetesClient {
        KubernetesClient(
            configuration: ClientConfiguration(server: server ?? ""), logger: Logger(label: "benchmark"))
    }

    private func watch() async throws {
        let client = recorded
        switch form {
        case .typed: await consume(Watcher(client, .deployments, namespace: "changes", as: Deployment.self))
        case .dynamic: await consume(Watcher(client, .deployments, namespace: "changes", as: JSONValue.self))
        case .metadata:
            await consume(Watcher(client, .deployments, namespace: "changes", as: PartialObjectMetadata.self))
        case .selected: await consumeSelected(client)
        }
        await client.shutdown()
    }

    private func consume<Object>(_ watcher: Watcher<Object>) async {
        var stopwatch = Stopwatch()
        var number = 0
        for await change in watcher {
            guard case .applied = change else { continue }
            number += 1
            if number == warmUp { stopwatch = Stopwatch() }
            if number == warmUp + count { break }
        }
        print(stopwatch.microseconds(count))
    }

    /// The selected form is an informer's: its store is part of what is measured.
    private func consumeSelected(_ client: KubernetesClient) async {
        let informer = Informer(client, .deployments, namespace: "changes", selecting: Self.selection) { $0 }
        let (warm, end) = (warmUp, warmUp + count)
        let (done, finished) = AsyncStream.makeStream(of: String.self)
        let state = Mutex((number: 0, stopwatch: Stopwatch()))
        informer.onChange { _ in
            state.withLock { state in
                state.number += 1
                if state.number == warm { state.stopwatch = Stopwatch() }
                if state.number == end { finished.yield(state.stopwatch.microseconds(end - warm)) }
            }
        }
        await withThrowingTaskGroup { group in
            group.addTask { try await informer.run() }
            for await figures in done {
                print(figures)
                break
            }
            group.cancelAll()
        }
    }

    /// What a program reads that follows a rollout.
    private static let selection: JSONSelection = [
        "spec": ["replicas": .all],
        "status": [
            "observedGeneration": .all, "replicas": .all, "updatedReplicas": .all, "readyReplicas": .all,
            "availableReplicas": .all, "conditions": .items(["type": .all, "status": .all, "message": .all]),
        ],
    ]

    // MARK: Caches

    private func cache() async throws {
        let client = recorded
        switch form {
        case .typed: try await hold { Informer<Deployment>(client, .deployments, namespace: $0) }
        case .dynamic: try await hold { Informer<JSONValue>(client, .deployments, namespace: $0) }
        case .metadata: try await hold { Informer<PartialObjectMetadata>(client, .deployments, namespace: $0) }
        case .selected:
            try await hold { Informer(client, .deployments, namespace: $0, selecting: Self.selection) { $0 } }
        }
        await client.shutdown()
    }

    private func hold<Stored>(_ informer: (_ namespace: String) -> Informer<Stored>) async throws {
        // What a first use of the client loads and keeps is not the objects'.
        try await whileSynced(informer("changes")) { _ in }
        let before = try Self.anonymousBytes()
        let count = count
        try await whileSynced(informer("objects")) { store in
            guard store.count == count else {
                throw UnreadableFigure(name: "the store of \(store.count) instead of \(count) objects")
            }
            print(Double(try Self.anonymousBytes() - before) / Double(count))
        }
    }

    private func whileSynced<Stored>(
        _ informer: Informer<Stored>, _ body: (ObjectStore<Stored>) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await informer.run() }
            await informer.synced()
            try body(informer.store)
            group.cancelAll()
        }
    }

    /// What this process alone holds, once what is free has been given back.
    private static func anonymousBytes() throws -> Int {
        malloc_trim(0)
        return try ProcessMemory(pid: Int(ProcessInfo.processInfo.processIdentifier)).anonymousBytes()
    }
}

/// Time by the clock, and of the processor in all threads of this process.
private struct Stopwatch: Sendable {
    private let start = ContinuousClock.now
    private let processor = Self.processorNanoseconds()

    func microseconds(_ count: Int) -> String {
        let wall = (ContinuousClock.now - start) / .microseconds(1)
        let processor = Double(Self.processorNanoseconds() - processor) / 1_000
        return "\(wall / Double(count)) \(processor / Double(count))"
    }

    private static func processorNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
