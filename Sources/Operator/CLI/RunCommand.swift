import ArgumentParser
import FoundationEssentials
import K8sClient
import Logging
import Metrics
import Observability
import ServiceLifecycle
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Keep the cluster's ChatBackends as they are specified, until told to end.",
        discussion: "SIGTERM releases the Lease and ends with status 0; status 69 when the cluster cannot be used.")

    @OptionGroup var settings: OperatorSettings

    func run() async throws {
        Allocator.keepLittle()
        let environment = ProcessInfo.processInfo.environment
        let format = settings.logFormat
        let level = settings.logLevel
        LoggingSystem.bootstrap { label in format.handler(label: label, level: level) }
        let logger = Logger(label: "operator")
        let registry = PrometheusRegistry()
        registry.registerProcessMetrics()
        MetricsSystem.bootstrap(registry)

        let setup: OperatorSetup
        do {
            let configuration = try ClientConfiguration.load(
                kubeconfigPath: settings.kubeconfig, context: settings.context, environment: environment)
            setup = OperatorSetup(
                configuration: configuration,
                namespace: settings.namespace ?? environment["POD_NAMESPACE"] ?? OperatorSettings.defaultNamespace,
                identity: environment["POD_NAME"] ?? "chatbackend-operator-\(UUID().uuidString.lowercased())",
                settings: settings, logger: logger)
            try await setup.checkCluster()
        } catch {
            TerminalError.print(error.description)
            throw ExitCode(69)
        }
        ResourceMetrics.register(setup.caches, in: registry)
        let endpoints = OperatorEndpoints(
            registry: registry, health: setup.health, host: settings.listen.host, port: settings.listen.port,
            logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: ([endpoints] + setup.services).map {
                    ServiceGroupConfiguration.ServiceConfiguration(service: $0)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            TerminalError.print("\(error)")
            throw ExitCode(69)
        }
    }
}
