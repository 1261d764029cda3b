import FoundationEssentials
import K8sClient
import Testing

@testable import Operator

/// Each `NAME.yaml` of the folder Golden is rendered and compared with `NAME.golden.yaml`. With UPDATE_GOLDEN set in the
/// environment the golden files are written instead: read the difference before committing it.
@Suite struct DesiredStateTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    @Test(
        "a resource becomes exactly the objects of its golden file", arguments: ["guide", "minimal", "full", "gateway"])
    func golden(_ name: String) throws {
        let input = try String(contentsOf: Self.folder.appending(path: "\(name).yaml"), encoding: .utf8)
        let output = RenderCommand.output(try ChatBackend.read(input, origin: name))
        let golden = Self.folder.appending(path: "\(name).golden.yaml")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try Data(output.utf8).write(to: golden)
        }
        #expect(output == (try String(contentsOf: golden, encoding: .utf8)))
    }

    private func backend(_ name: String = "chat", _ change: (inout ChatBackendSpec) -> Void = { _ in }) -> ChatBackend {
        var spec = ChatBackendSpec()
        change(&spec)
        return ChatBackend(metadata: ObjectMeta(name: name, uid: "u-1"), spec: spec)
    }

    private func object(_ manifests: [Manifest], _ kind: String) throws -> JSONValue {
        try #require(manifests.first { $0.resource.kind == kind }).object
    }

    @Test("every object but an adopted namespace is owned by the resource")
    func owners() throws {
        let own = DesiredState.manifests(for: backend { $0.backup = BackupSettings() })
        #expect(own.allSatisfy { $0.object["metadata", "ownerReferences"]?.array?.first?["uid"] == "u-1" })

        let adopted = DesiredState.manifests(for: backend(), ObservedFacts(namespaceIsAdopted: true))
        #expect(try object(adopted, "Namespace")["metadata", "ownerReferences"] == nil)
        #expect(try object(adopted, "Secret")["metadata", "ownerReferences"] != nil)
    }

    @Test("a changed setting changes the pod template, so that running pods take it up")
    func settingsRollPods() throws {
        let before = try object(DesiredState.manifests(for: backend()), "Deployment")
        let after = try object(DesiredState.manifests(for: backend { $0.config.logLevel = "DEBUG" }), "Deployment")
        #expect(before["spec", "template"] != after["spec", "template"])
        let external: @Sendable (Int) -> ChatBackend = { replicas in
            self.backend {
                $0.replicas = replicas
                $0.database = DatabaseSettings(
                    external: ExternalDatabase(urlSecretRef: SecretKeyReference(name: "db", key: "url")))
            }
        }
        let few = try object(DesiredState.manifests(for: external(2)), "Deployment")
        let many = try object(DesiredState.manifests(for: external(9)), "Deployment")
        #expect(few["spec", "template"] == many["spec", "template"])
    }

    @Test("the Service selects the backend's pods and not the backup's")
    func serviceSelector() throws {
        let manifests = DesiredState.manifests(for: backend { $0.backup = BackupSettings() })
        let selector = try #require(try object(manifests, "Service")["spec", "selector"]?.object)
        let pod = try object(manifests, "Deployment")["spec", "template", "metadata", "labels"]?.object
        let backup = try object(manifests, "CronJob")["spec", "jobTemplate", "spec", "template", "metadata", "labels"]?
            .object
        #expect(selector.allSatisfy { pod?[$0.key] == $0.value })
        #expect(!selector.allSatisfy { backup?[$0.key] == $0.value })
    }

    @Test("scraping and alerts are made where their kinds are served, and promtool takes the alerts")
    func monitoring() throws {
        let resource = backend { $0.monitoring = Monitoring() }
        #expect(!DesiredState.manifests(for: resource).contains { $0.resource == .serviceMonitors })
        let made = DesiredState.manifests(
            for: resource, ObservedFacts(servedKinds: [.serviceMonitors, .prometheusRules]))
        let service = try object(made, "Service")["metadata", "labels", "app"]
        #expect(try object(made, "ServiceMonitor")["spec", "selector", "matchLabels", "app"] == service)
        try OperatorRulesTests.check(rules: try object(made, "PrometheusRule")["spec"] ?? [:])
    }

    @Test("no manifest holds a secret's value")
    func noSecretValues() throws {
        let secret = try #require(
            DesiredState.manifests(for: backend()).first { $0.resource.kind == "Secret" })
        #expect(secret.object["data"] == nil && secret.object["stringData"] == nil)
        #expect(secret.generatedKeys == ["SECRET_KEY"])
    }

    @Test("labels and annotations of the resource itself stay off what is made for it")
    func resourceMetadataIsNotCopied() throws {
        var resource = backend()
        resource.metadata.labels = ["argocd.argoproj.io/instance": "x"]
        resource.metadata.annotations = ["kubectl.kubernetes.io/last-applied-configuration": "{}"]
        for manifest in DesiredState.manifests(for: resource) {
            #expect(!manifest.object.jsonText.contains("argoproj"))
            #expect(!manifest.object.jsonText.contains("last-applied"))
        }
    }

    @Test(
        "an image's version is its tag, else its digest",
        arguments: [
            ("registry:5000/a/b:1.2.3", "1.2.3", "1.2.3"), ("a/b", "latest", "latest"),
            ("a@sha256:0123456789abcdef0123", "sha256:0123456789ab", "sha256-0123456789ab"),
            ("a:1.0@sha256:0123456789abcdef", "1.0", "1.0"), ("registry:5000/a", "latest", "latest"),
        ])
    func imageVersion(_ image: String, _ version: String, _ label: String) {
        #expect(ImageVersion(image: image).text == version)
        #expect(ImageVersion(image: image).label == label)
    }
}
