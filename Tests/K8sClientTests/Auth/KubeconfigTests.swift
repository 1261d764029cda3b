import Foundation
import K8sClient
import Testing

@Suite("Finding the cluster")
struct KubeconfigTests {
    private static let whole = """
        apiVersion: v1
        kind: Config
        current-context: one
        clusters:
        - name: c1
          cluster: {server: "https://one:6443", certificate-authority: pki/ca.pem}
        - name: c2
          cluster: {server: "https://two:6443/base/", insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128"}
        - name: c3
          cluster: {server: "https://10.0.0.1", certificate-authority-data: Y2E=, tls-server-name: kubernetes}
        users:
        - name: u1
          user: {client-certificate-data: Y2VydA==, client-key: pki/key.pem}
        - name: u2
          user: {token: t0k3n, as: jane, as-uid: "7", as-groups: [a, b], as-user-extra: {team: [web, api]}}
        - name: u3
          user: {tokenFile: token}
        contexts:
        - name: one
          context: {cluster: c1, user: u1, namespace: apps}
        - name: two
          context: {cluster: c2, user: u2}
        - name: three
          context: {cluster: c3, user: u3}
        """

    private func load(
        _ path: String?, context: String? = nil, _ environment: [String: String] = [:]
    ) throws(KubernetesError) -> ClientConfiguration {
        try ClientConfiguration.load(kubeconfigPath: path, context: context, environment: environment)
    }

    private func refusal(_ text: String, context: String? = nil) async throws -> KubernetesError {
        try await withTemporaryFolder { folder in
            try write(text, to: folder + "/config")
            return try await failure { () async throws(KubernetesError) in
                try load(folder + "/config", context: context)
            }
        }
    }

    @Test("Contexts choose cluster, user and namespace; files lie relative to the kubeconfig")
    func contexts() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/pki", withIntermediateDirectories: true)
            try write("authority", to: folder + "/pki/ca.pem")
            try write("key", to: folder + "/pki/key.pem")
            try write("from-file\n", to: folder + "/token")
            try write(Self.whole, to: folder + "/config")
            let one = try load(folder + "/config")
            #expect(one.server == "https://one:6443")
            #expect(one.defaultNamespace == "apps")
            #expect(one.tls.certificateAuthority == .file(folder + "/pki/ca.pem"))
            #expect(one.tls.clientCertificate == .bytes(Array("cert".utf8)))
            #expect(one.tls.clientKey == .file(folder + "/pki/key.pem"))
            let two = try load(folder + "/config", context: "two")
            #expect(two.tls.insecureSkipVerify)
            #expect(two.proxyURL == "http://proxy:3128")
            #expect(
                two.impersonation
                    == .init(user: "jane", uid: "7", groups: ["a", "b"], extra: ["team": ["web", "api"]]))
            #expect(two.defaultNamespace == "default")
            #expect("\(two.credentials)" == "a token")
            let three = try load(folder + "/config", context: "three")
            #expect(three.tls.certificateAuthority == .bytes(Array("ca".utf8)))
            #expect(three.tls.serverName == "kubernetes")
            #expect("\(three.credentials)" == "the token in \(folder)/token")
        }
    }

    @Test("Files of KUBECONFIG are merged, the first to name something stands, missing ones are passed over")
    func merge() async throws {
        try await withTemporaryFolder { folder in
            try write(
                """
                clusters: [{name: c, cluster: {server: "https://first"}}]
                contexts: [{name: x, context: {cluster: c, user: u}}]
                """, to: folder + "/first")
            try write(
                """
                current-context: x
                clusters: [{name: c, cluster: {server: "https://second"}}]
                users: [{name: u, user: {token: t}}]
                """, to: folder + "/second")
            let environment = ["KUBECONFIG": "\(folder)/first:\(folder)/none:\(folder)/second"]
            let configuration = try load(nil, environment)
            #expect(configuration.server == "https://first")
            #expect("\(configuration.credentials)" == "a token")
        }
    }

    @Test("The order is: the file given, KUBECONFIG, the pod's service account, the home folder")
    func precedence() async throws {
        try await withTemporaryFolder { folder in
            func config(_ name: String) -> String {
                """
                current-context: x
                clusters: [{name: c, cluster: {server: "https://\(name)"}}]
                contexts: [{name: x, context: {cluster: c}}]
                """
            }
            try FileManager.default.createDirectory(atPath: folder + "/.kube", withIntermediateDirectories: true)
            for name in ["given", "listed", ".kube/config"] {
                try write(config(name.replacing("/", with: "-").replacing(".", with: "")), to: folder + "/" + name)
            }
            var environment = ["HOME": folder]
            #expect(try load(nil, environment).server == "https://kube-config")
            environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
            environment["KUBERNETES_SERVICE_PORT"] = "443"
            let noPod = try await failure { () async throws(KubernetesError) in try load(nil, environment) }
            #expect(noPod.message.contains("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"))
            environment["KUBECONFIG"] = folder + "/listed"
            #expect(try load(nil, environment).server == "https://listed")
            #expect(try load(folder + "/given", environment).server == "https://given")
        }
    }

    @Test("A missing file is named, with what to do")
    func missing() async throws {
        let given = try await failure { () async throws(KubernetesError) in try load("/no/such/kubeconfig") }
        #expect(given.code == .configuration)
        #expect(
            given.description
                == "the kubeconfig cannot be read: /no/such/kubeconfig: No such file or directory; "
                + "name the right file with --kubeconfig or the environment variable KUBECONFIG")
        let listed = try await failure { () async throws(KubernetesError) in
            try load(nil, ["KUBECONFIG": "/no/a:/no/b"])
        }
        #expect(listed.message.contains("/no/b"))
        let homeless = try await failure { () async throws(KubernetesError) in try load(nil, [:]) }
        #expect(homeless.message.contains("--kubeconfig"))
    }

    @Test("A kubeconfig that names missing files names them")
    func missingReferences() async throws {
        let error = try await refusal(Self.whole)
        #expect(error.message.contains("the certificate-authority that it names cannot be read"))
        #expect(error.message.contains("pki/ca.pem: No such file or directory"))
        #expect(try await refusal(Self.whole, context: "three").message.contains("tokenFile"))
    }

    @Test(
        "What cannot work is refused with its reason",
        arguments: [
            ("clusters: [", "line 2, column 1"),
            ("- a", "it is no mapping"),
            ("clusters: 3", "clusters must be a list"),
            ("clusters: [{}]", "has no name"),
            ("kind: Config", "no current-context"),
            ("current-context: x", "no context \"x\" (known: none)"),
            ("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "names no known cluster"),
        ])
    func broken(text: String, reason: String) async throws {
        let error = try await refusal(text)
        #expect(error.code == .configuration)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test(
        "Clusters and users that cannot work are refused with their reason",
        arguments: [
            ("{}", "{}", "has no server"),
            ("{server: host}", "{}", "is no HTTP URL"),
            ("{server: 'https://h:99999'}", "{}", "no usable port"),
            ("{server: 'https://u:p@h'}", "{}", "holds a user name"),
            (
                "{server: 'https://h', certificate-authority-data: '***'}", "{}",
                "certificate-authority-data is not base64"
            ),
            (
                "{server: 'https://h', certificate-authority-data: Y2E=, insecure-skip-tls-verify: true}", "{}",
                "only one"
            ),
            ("{server: 'https://h'}", "{client-certificate-data: Y2E=}", "only useful together"),
            ("{server: 'https://h', insecure-skip-tls-verify: 'true'}", "{}", "must be true or false"),
            ("{server: 'https://h', insecure-skip-tls-verify: yes}", "{}", "must be true or false"),
            ("{server: 'https://h', insecure-skip-tls-verify: 1}", "{}", "must be true or false"),
            ("{server: 'https://h', proxy-url: 'ftp://p'}", "{}", "proxy-url must begin with"),
            ("{server: 'https://h'}", "{exec: {command: aws}}", "must name the apiVersion"),
            (
                "{server: 'https://h'}", "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}}",
                "not \"client.authentication.k8s.io/v1alpha1\""
            ),
            ("{server: 'https://h'}", "{exec: {apiVersion: client.authentication.k8s.io/v1}}", "no command"),
            (
                "{server: 'https://h'}", "{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}",
                "must name an interactiveMode"
            ),
            (
                "{server: 'https://h'}",
                "{token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}",
                "only one can be meant"
            ),
            ("{server: 'https://h'}", "{as: jane, as-user-extra: {team: web}}", "must be a list of strings"),
            ("{server: 'https://h'}", "{auth-provider: {name: gcp}}", "auth-provider"),
            ("{server: 'https://h'}", "{username: u, password: p}", "basic authentication"),
            ("{server: 'https://h'}", "{as-groups: [a]}", "need as"),
            ("{server: 'https://h'}", "{as-user-extra: {team: [web]}}", "need as"),
        ])
    func refused(cluster: String, user: String, reason: String) async throws {
        let error = try await refusal(
            """
            current-context: x
            clusters: [{name: c, cluster: \(cluster)}]
            users: [{name: u, user: \(user)}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            """)
        #expect(error.message.contains(reason), "\(error)")
        #expect(error.message.contains("/config"))
    }

    @Test("A pod's service account gives server, authority, namespace and a token that is read again")
    func inCluster() async throws {
        try await withTemporaryFolder { folder in
            try write("authority", to: folder + "/ca.crt")
            try write("operators\n", to: folder + "/namespace")
            try write("t", to: folder + "/token")
            let configuration = try ClientConfiguration.inCluster(
                environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"], folder: folder)
            #expect(configuration.server == "https://[fd00::1]:443")
            #expect(configuration.defaultNamespace == "operators")
            #expect(configuration.tls.certificateAuthority == .file(folder + "/ca.crt"))
            #expect("\(configuration.credentials)" == "the token in \(folder)/token")
        }
        let outside = try await failure { () async throws(KubernetesError) in
            try ClientConfiguration.inCluster(environment: [:])
        }
        #expect(outside.message.contains("this is no pod"))
    }
}
