import ArgumentParser
import FoundationEssentials
import Glibc
import K8sClient
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the cluster in the foreground until SIGTERM or SIGINT.")

    @Option(help: "Where certificates, admin.kubeconfig and what pods need are kept; the folder of --data by default.")
    var dir: String?

    @Option(
        help: """
            A folder that keeps the cluster's state over a restart: objects, versions, addresses, certificates and the port. \
            Without it everything is forgotten at the end.
            """)
    var data: String?

    @Option(help: "The port of the API on 127.0.0.1; by default the one of before with --data, otherwise any free one.")
    var port: Int?

    @Option(help: "A YAML file that maps images to local commands.")
    var images: String?

    @Flag(
        help:
            "Serve watches that ask for the present state as events (sendInitialEvents) instead of refusing them with 422."
    )
    var watchList = false

    func validate() throws {
        guard (0...65_535).contains(port ?? 0) else { throw ValidationError("--port must be between 0 and 65535") }
        guard dir != nil || data != nil else { throw ValidationError("name --dir, --data or both") }
        guard dir != "" else { throw ValidationError("--dir must not be empty") }
        guard data != "" else { throw ValidationError("--data must not be empty") }
    }

    func run() async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "devcluster")
        let state = try data.map { try DataDirectory(path: $0) }
        // Programs of pods are started in folders of their own: a path from here would lead nowhere there.
        let data = data.map(Self.absolute)
        let directory = dir.map(Self.absolute) ?? data ?? "."
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let ranges = try await LoopbackRanges.claim(preferred: try state?.database.value(.podOctet))
        defer { ranges.release() }
        try state?.database.set(.podOctet, ranges.pods)
        let cluster =
            try state.map { try EmbeddedCluster(data: $0, serviceOctet: ranges.services, logger: logger) }
            ?? EmbeddedCluster(directory: directory, serviceOctet: ranges.services, logger: logger)
        logger.notice(
            """
            a development tool, not a Kubernetes distribution. Left out by the embedded server: CEL rules of schemas \
            (stored, not evaluated), admission webhooks, conversion webhooks, quotas and limit ranges, answers in \
            protobuf, exec and port-forward, checks against privilege escalation in RBAC
            """)
        let nodeDirectory = "\(data ?? directory)/node"
        if state != nil, FileManager.default.fileExists(atPath: "\(nodeDirectory)/pods") {
            // What pods of before had, Secrets among it: they are gone.
            try FileManager.default.removeItem(atPath: "\(nodeDirectory)/pods")
        }
        let workloads = try await Workloads(
            cluster: cluster.registry,
            configuration: .init(
                directory: nodeDirectory, volumes: "\(data ?? directory)/volumes",
                images: try images.map(ImageMap.load) ?? ImageMap(), ranges: ranges,
                caCertificate: cluster.pki.authority),
            tokens: cluster.issueToken, logger: logger)
        let server = cluster.server(containerLogs: workloads.logs, watchList: watchList)
        let (ports, listens) = AsyncStream<Int>.makeStream()
        let application = try server.application(
            port: try port ?? state?.database.value(.port) ?? 0, pki: cluster.pki
        ) { listens.yield($0) }
        let announcement = Announcement(ports: ports) { [data] port in
            let url = "https://127.0.0.1:\(port)"
            try cluster.publishAPIServer(port: port)
            workloads.apiServer.listens(on: port)
            try state?.database.set(.port, port)
            for folder in Set([directory, data ?? directory]) {
                try PrivateFile.write(Kubeconfig.text(url: url, pki: cluster.pki), to: "\(folder)/admin.kubeconfig")
            }
            try StandardOutput.line("ready \(url)")
        }
        // Services end in the reverse order: pods before the controllers that would replace them, the watches before the
        // connections that carry them, the API last.
        let services: [any Service] =
            [OrphanedProcesses(), application, announcement] + cluster.controllers + [workloads]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        OrphanedProcesses.adopt()
        defer { OrphanedProcesses.end() }
        do {
            try await group.run()
        } catch {
            guard let error = error as? IOError, error.errnoCode == EADDRINUSE else { throw error }
            throw PortInUse()
        }
        if let failure = await cluster.registry.store.settled() { throw failure }
        try state?.database.close()
    }

    /// Somebody else listens where the API should.
    private struct PortInUse: Error, CustomStringConvertible {
        let description = "the port of the API on 127.0.0.1 is in use: free it, or name another one with --port"
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
