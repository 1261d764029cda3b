import ArgumentParser
import FoundationEssentials
import K8sClient
import Synchronization

/// Watches ConfigMaps until enough has come, and prints by how much the process's memory grew after the first change.
struct WatchProbe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "watch")

    @Option var server: String
    @Option(help: "Whether they are read as a type or as documents.") var form = Form.dynamic
    @Option(help: "How many changes end the run.") var changes = Int.max
    @Option(help: "How many failures end the run.") var failures = Int.max
    @Option(help: "For how many milliseconds the consumer is busy with the first change.") var pause = 0

    enum Form: String, ExpressibleByArgument { case dynamic, typed }

    private struct ConfigMap: Codable, Sendable, KubernetesObject {
        var metadata: ObjectMeta
        var data: [String: String]?
    }

    func run() async throws {
        Probe.limitLife()
        switch form {
        case .dynamic: try await watch(JSONValue.self)
        case .typed: try await watch(ConfigMap.self)
        }
    }

    private func watch<Object: Decodable & Sendable>(_ type: Object.Type) async throws {
        let client = KubernetesClient(configuration: .init(server: server))
        let failed = Mutex(0)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let failures = failures
        let watcher = Watcher(client, .configMaps, as: type) { error in
            print("failure: \(error.message)")
            if failed.withLock({
                $0 += 1; return $0
            }) == failures {
                end.finish()
            }
        }
        let memory = PeakMemory()
        await withThrowingTaskGroup { group in
            group.addTask { await consume(watcher, memory) }
            group.addTask { await memory.watch() }
            group.addTask { for await _ in ended {} }
            // Whichever of consumer and failures comes to its end first.
            _ = await group.nextResult()
            group.cancelAll()
        }
        await client.shutdown()
        print("growth: \(try memory.growth())")
    }

    private func consume<Object>(_ watcher: Watcher<Object>, _ memory: PeakMemory) async {
        var count = 0
        for await change in watcher {
            guard case .applied = change else { continue }
            count += 1
            if count == 1 {
                memory.begin()
                try? await Task.sleep(for: .milliseconds(pause))  // the test's cancellation ends the run all the same
            }
            if count == changes { return }
        }
    }
}
