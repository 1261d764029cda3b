import ArgumentParser
import K8sClient

/// Reads one ConfigMap as a kubeconfig says, and prints what went wrong or the object's name.
struct GetProbe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get")

    @Option var kubeconfig: String

    func run() async throws {
        Probe.limitLife()
        let client = KubernetesClient(configuration: try .load(kubeconfigPath: kubeconfig, environment: [:]))
        do throws(KubernetesError) {
            let object = try await client.get(.configMaps, "a", namespace: "default")
            print("read \(object.objectKey)")
        } catch {
            print("failed: \(error)")
        }
        await client.shutdown()
    }
}
