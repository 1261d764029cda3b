import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import devcluster

/// Controllers and node over a registry in this process, with images that are made of small shell scripts.
struct RunningCluster: Sendable {
    let cluster: Registry
    let workloads: Workloads
    let directory: String
    /// A web server on port 8000 of `$HOST` that answers with `$VERSION` and ends in order on SIGTERM.
    private static let server = """
        import http.server, os, signal, socketserver, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                code = 503 if os.path.exists("/tmp/unready") else 200
                body = os.environ.get("VERSION", "none").encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments): pass
        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
        server = Server((os.environ["HOST"], 8000), Handler)
        def stop(*arguments):
            print("stopping")
            threading.Thread(target=server.shutdown).start()
        signal.signal(signal.SIGTERM, stop)
        print("serving", os.environ.get("VERSION"))
        server.serve_forever()
        """

    /// Starts a cluster, runs the body and stops it; everything that it started has ended afterwards.
    static func run(
        images: [String: ImageMap.Image] = [:],
        backoff: RestartBackoff.Limits = .init(
            initial: .milliseconds(300), maximum: .seconds(1), reset: .seconds(600)),
        _ body: (RunningCluster) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path() + "devcluster-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var logger = Logger(label: "test")
        logger.logLevel = .warning
        let ranges = try await LoopbackRanges.claim()
        defer { ranges.release() }
        let embedded = try EmbeddedCluster(
            directory: directory, serviceOctet: ranges.services, logger: logger)
        let registry = embedded.registry
        var map = ImageMap()
        map.add("shell", .init(entrypoint: ["/bin/sh", "-c"]))
        let server = directory + "/server.py"
        try Data(Self.server.utf8).write(to: URL(filePath: server))
        let python = try #require(MachineFiles.executable("python3", path: "/usr/bin:/usr/local/bin"))
        map.add("web", .init(entrypoint: [python, "-u", server], env: ["HOST": "$(POD_IP)"]))
        for (reference, image) in images { map.add(reference, image) }
        let workloads = try await Workloads(
            cluster: registry,
            configuration: .init(
                directory: directory, volumes: directory + "/volumes", images: map, ranges: ranges,
                caCertificate: "-- the authority --",
                backoff: backoff),
            tokens: { namespace, account, _, _, pod, _ in "token of \(namespace)/\(account) for \(pod)" },
            logger: logger)
        workloads.apiServer.listens(on: 6443)
        let running = RunningCluster(cluster: registry, workloads: workloads, directory: directory)
        try await withThrowingTaskGroup { group in
            let services = ServiceGroup(services: embedded.controllers + [workloads], logger: logger)
            group.addTask { try await services.run() }
            do {
                try await running.wait("the namespace has its service account") {
                    running.get(GroupResource("", "serviceaccounts"), "default") != nil
                }
                try await body(running)
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// Creates an object of a built-in resource in the namespace `default`.
    @discardableResult
    func create(_ resource: GroupResource, _ yaml: String) throws -> JSONValue {
        var object = try #require(try YAML.parse(yaml).first).value
        if object["metadata", "namespace"] == nil { object["metadata", "namespace"] = "default" }
        return try cluster.create(resource, object, manager: "test")
    }

    func get(_ resource: GroupResource, _ name: String) -> JSONValue? {
        try? cluster.get(resource, namespace: "default", name: name)
    }

    func pods(_ labels: [String: String] = [:]) -> [JSONValue] {
        (try? cluster.list(.pods, namespace: "default", labels: labels)) ?? []
    }

    /// The reasons and messages of the events in `default`.
    func events() -> [String] {
        ((try? cluster.list(.events, namespace: "default", labels: [:])) ?? []).map {
            "\($0["reason"]?.string ?? ""): \($0["message"]?.string ?? "") x\($0["count"]?.int ?? 0)"
        }
    }

    /// A container's whole log.
    func log(_ pod: JSONValue, _ container: String, _ options: LogOptions = LogOptions()) async throws -> String {
        var bytes: [UInt8] = []
        for await piece in try await workloads.logs.log(podUID: pod.meta.uid, container: container, options) {
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits until something is so; fails the test after the deadline, with what there is then.
    func wait(
        _ what: String, seconds: Int = 30, location: SourceLocation = #_sourceLocation, until isSo: () throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if (try? isSo()) == true { return }
            if ContinuousClock.now > deadline {
                let pods = pods().map { YAML.serialize($0["status"] ?? [:]) }.joined(separator: "---\n")
                Issue.record(
                    "not within \(seconds) s: \(what)\n\(pods)\n\(events().joined(separator: "\n"))",
                    sourceLocation: location)
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits for a pod and returns it as it is then.
    func pod(
        _ name: String, _ what: String, seconds: Int = 30, location: SourceLocation = #_sourceLocation,
        until isSo: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        try await wait("pod \(name) \(what)", seconds: seconds, location: location) {
            get(.pods, name).map(isSo) ?? false
        }
        return try #require(get(.pods, name))
    }
}
