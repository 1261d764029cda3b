@testable import K8sClient
import Logging
import Testing

@Suite("What a server remarks")
struct ServerWarningTests {
    private func texts(_ header: String) -> [String] { ServerWarning.parse(header, request: "").map(\.text) }

    @Test(
        "Warnings are read as RFC 7234 writes them",
        arguments: [
            (#"299 - "unknown field \"spec.x\"""#, [#"unknown field "spec.x""#]),
            (#"299 - "one", 299 - "two, and more""#, ["one", "two, and more"]),
            (#"299 kube "dated" "Sat, 31 Jan 2026 12:00:00 GMT""#, ["dated"]),
            (#"299 - "back\\slash""#, [#"back\slash"#]), (#"299 - "größe""#, ["größe"]),
            (#"299 - "good", rubbish"#, ["good"]), (#"299 - "open"#, []), ("299", []), ("", []), ("29 - \"x\"", []),
        ])
    func parsing(header: String, expected: [String]) {
        #expect(texts(header) == expected)
    }

    @Test("The caller is told of each, of successes and of errors, with the request")
    func told() async throws {
        let server = try FaultServer { request in
            let headers = ["Warning": #"299 - "apps/v1beta1 is deprecated""#]
            return request.method == "POST"
                ? .status(422, "Invalid", "no", headers: headers)
                : .json(200, configMap("a", version: 1), headers: headers)
        }
        let warnings = Recorder<ServerWarning>()
        let client = KubernetesClient(
            configuration: .init(server: server.url), onWarning: { warnings.append($0) })
        for _ in 0..<2 { _ = try await client.get(.configMaps, "a", namespace: "default") }
        _ = try await failure { () async throws(KubernetesError) in
            try await client.create(.configMaps, configMap("a", version: 0)) as JSONValue
        }
        #expect(warnings.all.map(\.text) == Array(repeating: "apps/v1beta1 is deprecated", count: 3))
        #expect(
            warnings.all.map(\.request) == [
                "GET /api/v1/namespaces/default/configmaps/a", "GET /api/v1/namespaces/default/configmaps/a",
                "POST /api/v1/namespaces/default/configmaps",
            ])
    }

    @Test("By default each is logged once, and a flood of them not at all")
    func logged() async throws {
        let lines = Recorder<String>()
        var logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
        logger.logLevel = .warning
        let log = WarningLog(logger)
        for _ in 0..<3 { log.note(ServerWarning(text: "old")) }
        log.note(ServerWarning(code: 199, text: "not Kubernetes'"))
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasPrefix("the server warns: old") == true)
        for index in 0..<3000 { log.note(ServerWarning(text: "\(index)")) }
        #expect(lines.all.count == 1000)
    }
}

/// Keeps what is logged.
struct RecordingHandler: LogHandler {
    let lines: Recorder<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(lines: Recorder<String>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        lines.append(event.message.description + fields.joined())
    }
}
