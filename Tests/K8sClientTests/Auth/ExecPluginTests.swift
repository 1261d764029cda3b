import Foundation
@testable import K8sClient
import Testing

@Suite("Credential plug-ins")
struct ExecPluginTests {
    /// A kubeconfig whose user is a shell script in its folder, and a server that notes who asks.
    private func with(
        _ script: String, exec: String = "", cluster: String = "", server: FaultServer,
        _ body: (String, KubernetesClient) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try write("#!/bin/sh\n" + script, to: folder + "/plug-in")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/plug-in")
            try write(
                """
                current-context: x
                clusters:
                - name: c
                  cluster:
                    server: \(server.url)
                \(cluster)
                users:
                - name: u
                  user:
                    exec:
                      apiVersion: client.authentication.k8s.io/v1
                      command: ./plug-in
                      interactiveMode: Never
                \(exec)
                contexts: [{name: x, context: {cluster: c, user: u}}]
                """, to: folder + "/config")
            try await body(
                folder,
                KubernetesClient(
                    configuration: try ClientConfiguration.load(kubeconfigPath: folder + "/config", environment: [:])))
        }
    }

    private func get(_ client: KubernetesClient) async throws(KubernetesError) -> JSONValue {
        try await client.get(.configMaps, "a", namespace: "default")
    }

    private static func credential(_ status: String) -> String {
        #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{\#(status)}}"#
    }

    private func anyone() throws -> FaultServer { try FaultServer { _ in .json(200, configMap("a", version: 1)) } }

    @Test("The program beside the kubeconfig is run once for many requests at once, with its arguments and environment")
    func token() async throws {
        let server = try anyone()
        try await with(
            """
            echo run >> "$(dirname "$0")/runs"
            sleep 0.3
            cat <<END
            \(Self.credential(#""token":"$1-$GREETING""#))
            END
            """,
            exec: """
                      args: [first]
                      env: [{name: GREETING, value: hello}]
                """, server: server
        ) { folder, client in
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<8 { group.addTask { _ = try await get(client) } }
            }
            #expect(Set(server.requests.map { $0.headers["authorization"] }) == ["Bearer first-hello"])
            #expect(try String(contentsOfFile: folder + "/runs", encoding: .utf8) == "run\n")
            #expect("\(client.configuration.credentials)" == "the plug-in \(folder)/./plug-in")
        }
    }

    @Test("A program that asks for it is told of the cluster, with the kubeconfig's words for plug-ins")
    func clusterInfo() async throws {
        let server = try anyone()
        try await with(
            """
            printf %s "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"
            echo '\(Self.credential(#""token":"t""#))'
            """, exec: "      provideClusterInfo: true",
            cluster: """
                    tls-server-name: kubernetes
                    extensions:
                    - name: client.authentication.k8s.io/exec
                      extension: {audience: me}
                """, server: server
        ) { folder, client in
            // The name is for TLS, which this server does not speak; what matters is what the program was told.
            _ = try? await get(client)
            let info = try JSONValue(parsing: String(contentsOfFile: folder + "/info", encoding: .utf8))
            #expect(
                info == [
                    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                    "spec": [
                        "interactive": false,
                        "cluster": [
                            "server": .string(server.url), "tls-server-name": "kubernetes",
                            "config": ["audience": "me"],
                        ],
                    ],
                ])
        }
    }

    @Test("What the server no longer takes is asked for anew, and the request sent again, once")
    func unauthorized() async throws {
        let server = try FaultServer { request in
            request.headers["authorization"] == "Bearer t2"
                ? .json(200, configMap("a", version: 1)) : .status(401, "Unauthorized", "who are you")
        }
        let runs = Counter()
        let clock = ManualTime()
        let source = ExecCredentialSource(ExecPlugin(command: "p"), now: { clock.now }) { _ in
            .success(ExecCredential(token: "t\(runs.next())"))
        }
        let client = server.client { $0.credentials = .exec(source) }
        let early = try await failure { () async throws(KubernetesError) in try await get(client) }
        #expect(early.isUnauthorized, "a credential of a moment ago is not asked for again")
        #expect(runs.value == 1)
        clock.advance(by: 60)
        _ = try await get(client)
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t1", "Bearer t1", "Bearer t2"])
    }

    @Test("A watch that is not let in asks for a credential anew as well")
    func unauthorizedWatch() async throws {
        let server = try FaultServer { request in
            request.headers["authorization"] == "Bearer t2"
                ? .watch([event("ADDED", configMap("a", version: 6))]) : .status(401, "Unauthorized", "who are you")
        }
        let runs = Counter()
        let clock = ManualTime()
        let source = ExecCredentialSource(ExecPlugin(command: "p"), now: { clock.now }) { _ in
            .success(ExecCredential(token: "t\(runs.next())"))
        }
        _ = try await source.credential(until: nil)
        clock.advance(by: 60)
        let client = server.client { $0.credentials = .exec(source) }
        var chunks = try await client.stream(KubernetesRequest(.get, "/x?watch=1")).makeAsyncIterator()
        #expect(try await chunks.next() != nil)
    }

    @Test("A client certificate of the program proves who asks, and the next one takes its place")
    func certificate() async throws {
        try await withTemporaryFolder { folder in
            let certificates = Certificates(folder: folder)
            try certificates.authority("ca")
            try certificates.certificate("server", by: "ca")
            try certificates.certificate("jane", by: "ca")
            try certificates.authority("other")
            try certificates.certificate("mallory", by: "other")
            let server = try anyone()
            let name = Recorder<String>()
            name.append("mallory")
            let clock = ManualTime()
            let source = ExecCredentialSource(ExecPlugin(command: "p"), now: { clock.now }) { _ in
                guard let last = name.all.last,
                    let certificate = try? certificates.pem("\(last).crt").read(),
                    let key = try? certificates.pem("\(last).key").read()
                else { return .failure(KubernetesError(.credentials, "no certificate")) }
                return .success(
                    ExecCredential(
                        clientCertificate: certificate, clientKey: key,
                        expiry: Timestamp(microseconds: clock.now.microseconds + 1_000_000)))
            }
            try await FaultProxy.running(
                to: .init(port: server.port), tls: try certificates.serverContext("server", clientAuthority: "ca"),
                plan: { _ in .none }
            ) { proxy in
                let client = KubernetesClient(
                    configuration: .init(
                        server: "https://127.0.0.1:\(proxy.port)",
                        tls: .init(certificateAuthority: try certificates.pem("ca.crt")), credentials: .exec(source)))
                await #expect(throws: KubernetesError.self) { try await get(client) }
                name.append("jane")
                clock.advance(by: 2)
                _ = try await get(client)
                #expect(server.requests.count == 1)
                #expect(server.requests.first?.headers["authorization"] == nil)
            }
        }
    }

    @Test(
        "What a program does wrong is told with its words on standard error, never with its output",
        arguments: [
            (
                "echo s3cr3t; echo 'no   token\nfor you' >&2; exit 3",
                "failed with exit status 3; it said: no token for you"
            ),
            ("echo s3cr3t", "what it printed is no JSON"),
            (#"echo '{"kind":"Secret","token":"s3cr3t"}'"#, "is no ExecCredential"),
            (
                #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"s3cr3t"}}'"#,
                "is not of the version client.authentication.k8s.io/v1"
            ),
            ("echo '\(credential(""))'", "neither a token nor a client certificate"),
            ("echo '\(credential(#""token":"s3cr3t x""#))'", "white space"),
            ("echo '\(credential(#""clientKeyData":"s3cr3t""#))'", "only useful together"),
            (
                "echo '\(credential(#""token":"s3cr3t","expirationTimestamp":"soon""#))'",
                "expirationTimestamp is no time"
            ),
            ("head -c 3000000 /dev/zero; echo enough >&2", "printed more than 1048576 bytes; it said: enough"),
            ("kill -9 $$", "ended by signal 9"),
        ])
    func failures(script: String, reason: String) async throws {
        let server = try anyone()
        try await with(script, server: server) { _, client in
            let error = try await failure { () async throws(KubernetesError) in try await get(client) }
            #expect(error.code == .credentials)
            #expect(error.message.contains(reason), "\(error)")
            #expect(error.message.contains("/plug-in\""))
            #expect(error.description.hasPrefix("GET /api/v1/namespaces/default/configmaps/a: "))
            #expect(!"\(error)".contains("s3cr3t"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A program that is not there is named, with the hint how to install it")
    func missing() async throws {
        for command in ["no-such-plug-in-anywhere", "/no/such/plug-in"] {
            let plugin = ExecPlugin(command: command, installHint: "apt install it")
            let error = try await failure { () async throws(KubernetesError) in
                try await ExecCredentialSource(plugin).credential(until: nil)
            }
            #expect(error.message == "the credential plug-in \"\(command)\" is not there; apt install it")
        }
    }

    @Test("A program that needs a terminal is refused where there is none")
    func terminal() async throws {
        guard isatty(STDIN_FILENO) == 0 else { return }
        let plugin = ExecPlugin(command: "true", interactiveMode: .always)
        let error = try await failure { () async throws(KubernetesError) in
            try await ExecCredentialSource(plugin).credential(until: nil)
        }
        #expect(error.message.contains("needs a terminal"))
    }

    @Test("A program that does not end is ended, with what it started, and the request told so")
    func endless() async throws {
        try await withTemporaryFolder { folder in
            let plugin = ExecPlugin(
                command: "/bin/sh", arguments: ["-c", "sleep 1000 & echo $! > \(folder)/pid; sleep 1000"],
                timeout: .milliseconds(500))
            let error = try await failure { () async throws(KubernetesError) in
                try await ExecCredentialSource(plugin).credential(until: nil)
            }
            #expect(error.message.contains("did not end within 0.5 seconds"))
            try await eventually("its child is gone") {
                guard let text = try? String(contentsOfFile: folder + "/pid", encoding: .utf8),
                    let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
                else { return false }
                // A child that nobody has waited for is a zombie, not there any more.
                let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
                return state == nil || state?.contains(") Z ") == true
            }
        }
    }

    @Test("A request waits for a program no longer than its own deadline, or its task")
    func deadline() async throws {
        let server = try anyone()
        let source = ExecCredentialSource(ExecPlugin(command: "/bin/sleep", arguments: ["30"]))
        let client = server.client {
            $0.credentials = .exec(source)
            $0.requestTimeout = .milliseconds(200)
        }
        let error = try await failure { () async throws(KubernetesError) in try await get(client) }
        #expect(error.code == .timeout)
        let task = Task {
            try await failure { () async throws(KubernetesError) in try await source.credential(until: nil) }
        }
        task.cancel()
        #expect(try await task.value.code == .cancelled)
    }
}

/// A wall clock that tests set.
final class ManualTime: Sendable {
    private let seconds = Recorder<Int64>()

    init() { seconds.append(1_800_000_000) }

    var now: Timestamp { Timestamp(microseconds: seconds.all.reduce(0, +) * 1_000_000) }

    func advance(by seconds: Int64) { self.seconds.append(seconds) }
}
