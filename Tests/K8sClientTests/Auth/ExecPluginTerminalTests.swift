import Foundation
import Testing

@Suite("Credential plug-ins in a terminal")
struct ExecPluginTerminalTests {
    /// Asks for a token where it has a terminal, as plug-ins do that need a password.
    private static let script = #"""
        #!/bin/sh
        printf '%s' "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"
        answer=nobody
        if [ -t 0 ]; then
            printf 'Which token? ' >&2
            read -r answer
        fi
        cat <<END
        {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"$answer"}}
        END
        """#

    @Test(
        "A program that may talk to a person is seen to ask, and reads the answer",
        arguments: [("Always", true), ("IfAvailable", true), ("Never", false)])
    func asks(mode: String, isInteractive: Bool) async throws {
        let server = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        try await withTemporaryFolder { folder in
            try write(Self.script, to: folder + "/plug-in")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/plug-in")
            try write(
                """
                current-context: x
                clusters: [{name: c, cluster: {server: "\(server.url)"}}]
                contexts: [{name: x, context: {cluster: c, user: u}}]
                users:
                - name: u
                  user:
                    exec:
                      apiVersion: client.authentication.k8s.io/v1
                      command: ./plug-in
                      interactiveMode: \(mode)
                """, to: folder + "/config")
            let screen = try await Probe.runInTerminal(
                ["get", "--kubeconfig", folder + "/config"], typing: "sesame\n")
            #expect(screen.contains("read default/a"), "\(screen)")
            #expect(screen.contains("Which token? ") == isInteractive, "\(screen)")
            #expect(
                server.requests.map { $0.headers["authorization"] }
                    == ["Bearer \(isInteractive ? "sesame" : "nobody")"])
            let info = try String(contentsOfFile: folder + "/info", encoding: .utf8)
            #expect(info.contains(#""interactive":\#(isInteractive)"#), "\(info)")
        }
    }
}
