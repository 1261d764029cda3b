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

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535") }
        guard !dir.isEmpty else { throw ValidationError("--dir must not be empty") }
    }

    func run() async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "devcluster")
        let ranges = try await LoopbackRanges.claim()
        defer { ranges.release() }
        let cluster = try EmbeddedCluster(directory: dir, serviceOctet: ranges.services, logger: logger)
        logger.notice(
            """
            a development tool, not a Kubernetes distribution. Left out by the embedded server: CEL rules of schemas \
            (stored, not evaluated), WatchList, admission webhooks, conversion webhooks, quotas and limit ranges, \
            persistence over restarts, answers in protobuf, exec and port-forward, checks against privilege escalation in RBAC
            """)
        let workloads = try await Workloads(
            cluster: cluster.registry,
            configuration: .init(
                directory: "\(dir)/node", volumes: "\(dir)/volumes",
                images: try images.map(ImageMap.load) ?? ImageMap(), ranges: ranges,
                caCertificate: cluster.pki.authority),
            tokens: cluster.issueToken, logger: logger)
        let server = cluster.server(containerLogs: workloads.logs)
        let directory = dir
        let application = try server.application(port: port, pki: cluster.pki) { port in
            let url = "https://127.0.0.1:\(port)"
            do {
                try cluster.publishAPIServer(port: port)
                workloads.apiServer.listens(on: port)
                try PrivateFile.write(
                    Kubeconfig.text(url: url, pki: cluster.pki), to: "\(directory)/admin.kubeconfig")
                try StandardOutput.line("ready \(url)")
            } catch {
                logger.critical("cannot announce the server", metadata: ["error": "\(error)"])
            }
        }
        // Services end in the reverse order: pods before the controllers that would replace them, the watches before the
        // connections that carry them, the API last.
        let services: [any Service] = [OrphanedProcesses(), application] + cluster.controllers + [workloads]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        OrphanedProcesses.adopt()
        defer { OrphanedProcesses.end() }
        try await group.run()
    }
}
