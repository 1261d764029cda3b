import ArgumentParser
import FoundationEssentials
import K8sClient

/// Follows ConfigMaps through whatever stands at an address, writes some, and prints which descriptors are open at the end that
/// were not at the beginning.
struct SoakProbe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "soak")

    @Option var server: String
    @Option(help: "The file of the authority that vouches for the server.") var authority: String
    @Option var namespace: String
    @Option(help: "How many writes are made.") var writes: Int

    private static let writers = 8

    func run() async throws {
        Probe.limitLife()
        // What a first client loads and keeps for good is no leak.
        try await use(writes: 5)
        let before = try Self.descriptors()
        try await use(writes: writes)
        // The pipe that wakes the driver's thread goes with the thread, which ends a moment after `shutdown()` has returned.
        let deadline = ContinuousClock.now + .seconds(30)
        var left = try Self.descriptors().subtracting(before)
        while !left.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
            left = try Self.descriptors().subtracting(before)
        }
        print("left open: \(left.sorted())")
    }

    private func use(writes: Int) async throws {
        let client = KubernetesClient(
            configuration: .init(
                server: server, tls: .init(certificateAuthority: .file(authority)), requestTimeout: .seconds(3)))
        let whole = Informer<JSONValue>(client, .configMaps, namespace: namespace)
        let metadata = Informer<PartialObjectMetadata>(client, .configMaps, namespace: namespace)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await whole.run() }
            group.addTask { try await metadata.run() }
            await withDiscardingTaskGroup { group in
                for writer in 0..<Self.writers {
                    group.addTask {
                        for number in stride(from: writer, to: writes, by: Self.writers) { await write(number, client) }
                    }
                }
            }
            await whole.synced()
            await metadata.synced()
            group.cancelAll()
        }
        await client.shutdown()
    }

    /// Until it has come through.
    private func write(_ number: Int, _ client: KubernetesClient) async {
        let manifest: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string("probe-\(number % 20)"), "namespace": .string(namespace)],
            "data": ["number": .string("\(number)")],
        ]
        while true {
            do throws(KubernetesError) {
                try await client.apply(.configMaps, manifest, .init(fieldManager: "probe", force: true))
                return
            } catch {
                if error.code == .cancelled { return }
            }
        }
    }

    /// What each open descriptor is.
    private static func descriptors() throws -> Set<String> {
        let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return Set(
            names.compactMap { name in
                // The folder's own descriptor is gone by now.
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
                else { return nil }
                return name + " " + target
            })
    }
}
