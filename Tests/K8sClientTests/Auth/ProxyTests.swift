import Foundation
@testable import K8sClient
import Testing

@Suite("Which proxy is used")
struct ProxyTests {
    private func proxy(_ server: String, _ environment: [String: String]) throws -> String? {
        ProxyEnvironment(environment).proxy(for: try ServerAddress(server))
    }

    @Test("The environment's proxy is that of the server's scheme, in capitals or not")
    func schemes() throws {
        let both = ["HTTPS_PROXY": "http://secure:1", "http_proxy": "plain:2"]
        #expect(try proxy("https://k8s.example.com", both) == "http://secure:1")
        #expect(try proxy("http://k8s.example.com", both) == "http://plain:2")
        #expect(try proxy("https://k8s.example.com", ["https_proxy": "socks5://s:3"]) == "socks5://s:3")
        #expect(try proxy("https://k8s.example.com", ["ALL_PROXY": "http://all:4", "HTTPS_PROXY": ""]) == nil)
    }

    @Test("This machine itself is never reached through a proxy")
    func loopback() throws {
        for server in ["https://localhost:6443", "https://127.0.0.1", "https://127.8.8.8", "https://[::1]:6443"] {
            #expect(try proxy(server, ["HTTPS_PROXY": "http://p"]) == nil)
        }
    }

    @Test(
        "NO_PROXY lists names, addresses, networks and ports",
        arguments: [
            ("example.com", "https://example.com", true), ("example.com", "https://k8s.example.com:6443", true),
            ("example.com", "https://badexample.com", false), (".example.com", "https://example.com", false),
            (".example.com", "https://a.example.com", true), ("*.example.com", "https://a.example.com", true),
            ("EXAMPLE.com", "https://Example.COM", true), ("example.com:6443", "https://example.com:6443", true),
            ("example.com:6443", "https://example.com", false), ("10.0.0.0/8", "https://10.20.30.40:6443", true),
            ("10.0.0.0/8", "https://11.0.0.1", false), ("10.1.2.128/25", "https://10.1.2.127", false),
            ("10.1.2.128/25", "https://10.1.2.129", true), ("192.168.1.1", "https://192.168.1.1", true),
            ("192.168.1.1:443", "https://192.168.1.1", true), ("192.168.1.1:444", "https://192.168.1.1", false),
            ("fd00::/8", "https://[fd00::1]:6443", true), ("fd00::/8", "https://[fe80::1]:6443", false),
            ("[fd00::1]:6443", "https://[fd00::1]:6443", true), ("10.0.0.0/8", "https://ten.example.com", false),
            ("a.com, b.com c.com", "https://c.com", true), ("*", "https://anything", true),
            ("", "https://a.com", false),
        ])
    func exceptions(list: String, server: String, isDirect: Bool) throws {
        #expect(try (proxy(server, ["HTTPS_PROXY": "http://p", "NO_PROXY": list]) == nil) == isDirect)
    }

    @Test("A kubeconfig's proxy-url comes before the environment's, whatever NO_PROXY says")
    func kubeconfig() async throws {
        try await withTemporaryFolder { folder in
            let environment = ["HTTPS_PROXY": "http://environment:1", "NO_PROXY": "k8s"]
            for (field, expected) in [("", "http://environment:1"), (", proxy-url: 'http://own:2'", "http://own:2")] {
                try write(
                    """
                    current-context: x
                    clusters: [{name: c, cluster: {server: "https://other"\(field)}}]
                    contexts: [{name: x, context: {cluster: c}}]
                    """, to: folder + "/config")
                let loaded = try ClientConfiguration.load(
                    kubeconfigPath: folder + "/config", environment: environment)
                #expect(loaded.proxyURL == expected)
            }
        }
    }

    @Test("libcurl's own reading of the environment has no say, not even of NO_PROXY")
    func environmentOfTheProcess() async throws {
        // In a process of its own, whose environment no other test reads.
        await #expect(processExitsWith: .success) {
            setenv("NO_PROXY", "k8s.invalid", 1)
            let proxy = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
            let configuration = ClientConfiguration(server: "http://k8s.invalid:8001", proxyURL: proxy.url)
            _ = try await KubernetesClient(configuration: configuration).get(.configMaps, "a", namespace: "default")
            guard proxy.requests.count == 1 else { exit(1) }
        }
    }

    @Test("Requests go through the proxy that is configured, and only then")
    func used() async throws {
        let proxy = try FaultServer { _ in .json(200, configMap("a", version: 1)) }
        let configuration = ClientConfiguration(server: "http://k8s.invalid:8001", proxyURL: proxy.url)
        _ = try await KubernetesClient(configuration: configuration).get(.configMaps, "a", namespace: "default")
        #expect(proxy.requests.map(\.target) == ["http://k8s.invalid:8001/api/v1/namespaces/default/configmaps/a"])
    }
}
