import ArgumentParser
import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the cluster in the foreground until SIGTERM or SIGINT.")

    @Option(help: "Where certificates and admin.kubeconfig are kept.")
    var dir: String

    @Option(help: "The port of the API on 127.0.0.1; 0 for any that is free.")
    var port = 0

    @Option(help: "A YAML file that maps images to local commands.")
    var images: String?

    func run() async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "devcluster")
        let pki = try ClusterPKI(directory: dir + "/pki")
        let store = ObjectStore()
        let ranges = try await LoopbackRanges.claim()
        defer { ranges.release() }
        let registry = Registry(
            store: store, kinds: KindCatalog(BuiltInKinds.all),
            serviceAddresses: ServiceAddresses(octet: ranges.services), logger: logger)
        let server = APIServer(registry: registry, logger: logger)
        let workloads = try await Workloads(
            cluster: registry,
            configuration: .init(
                directory: dir + "/node", images: try images.map(ImageMap.load) ?? ImageMap(), ranges: ranges,
                caCertificate: pki.authority),
            tokens: { _, _, _, _, _, _ in "" }, logger: logger)
        let directory = dir
        let application = try server.application(port: port, pki: pki) { port in
            let url = "https://127.0.0.1:\(port)"
            do {
                try PrivateFile.write(Kubeconfig.text(url: url, pki: pki), to: directory + "/admin.kubeconfig")
                workloads.apiServer.listens(on: port)
                try StandardOutput.line("ready \(url)")
            } catch {
                logger.critical("cannot write the kubeconfig", metadata: ["error": "\(error)"])
            }
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: WatchTimer(store: store)),
                    .init(service: workloads),
                    .init(service: application, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
