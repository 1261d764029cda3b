import FoundationEssentials
import K8sClient
import Logging
import ServiceLifecycle

/// The parts of the embedded control plane, put together.
struct EmbeddedCluster: Sendable {
    let registry: Registry
    let pki: ClusterPKI
    let tokens: TokenIssuer
    let logger: Logger
    private let serviceOctet: Int

    /// - Parameter serviceOctet: Services get addresses in `127.OCTET.0.0/16`.
    init(directory: String, serviceOctet: Int, logger: Logger) throws {
        self.logger = logger
        self.serviceOctet = serviceOctet
        pki = try ClusterPKI(directory: "\(directory)/pki")
        tokens = TokenIssuer(key: pki.tokenKey)
        registry = Registry(
            store: ClusterStore(), kinds: KindCatalog(BuiltInKinds.all + [CustomResourceDefinition.kind]),
            serviceAddresses: ServiceAddresses(octet: serviceOctet), logger: logger)
        try bootstrap()
    }

    /// What every cluster begins with.
    private func bootstrap() throws(StatusError) {
        let manager = "devcluster"
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            _ = try registry.create(
                GroupResource("", "namespaces"),
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]], manager: manager)
        }
        _ = try registry.create(.storageClasses, FolderProvisioner.standardClass, manager: manager)
        let group = "rbac.authorization.k8s.io"
        for role in BuiltInRoles.clusterRoles {
            _ = try registry.create(GroupResource(group, "clusterroles"), role, manager: manager)
        }
        for binding in BuiltInRoles.clusterRoleBindings {
            _ = try registry.create(GroupResource(group, "clusterrolebindings"), binding, manager: manager)
        }
    }

    /// The Service by which pods know the API server, with its one endpoint.
    func publishAPIServer(port: Int) throws(StatusError) {
        _ = try registry.create(
            GroupResource("", "services"),
            [
                "apiVersion": "v1", "kind": "Service",
                "metadata": [
                    "name": "kubernetes", "namespace": "default",
                    "labels": ["component": "apiserver", "provider": "kubernetes"],
                ],
                "spec": [
                    "clusterIP": "127.\(serviceOctet).0.1",
                    "ports": [["name": "https", "port": 443, "targetPort": JSONValue(port)]],
                ],
            ], manager: "devcluster")
        _ = try registry.create(
            GroupResource("discovery.k8s.io", "endpointslices"),
            [
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": [
                    "name": "kubernetes", "namespace": "default",
                    "labels": ["kubernetes.io/service-name": "kubernetes"],
                ],
                "addressType": "IPv4",
                "endpoints": [["addresses": ["127.0.0.1"], "conditions": ["ready": true]]],
                "ports": [["name": "https", "port": JSONValue(port), "protocol": "TCP"]],
            ], manager: "devcluster")
        _ = try registry.create(
            GroupResource("", "endpoints"),
            [
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": ["name": "kubernetes", "namespace": "default"],
                "subsets": [
                    [
                        "addresses": [["ip": "127.0.0.1"]],
                        "ports": [["name": "https", "port": JSONValue(port), "protocol": "TCP"]],
                    ]
                ],
            ], manager: "devcluster")
    }

    /// A token for a pod's service account, as the node mounts it.
    func issueToken(
        namespace: String, account: String, audience: String?, expirationSeconds: Int, pod: String, podUID: String
    ) async throws -> String {
        let object = try registry.get(GroupResource("", "serviceaccounts"), namespace: namespace, name: account)
        return tokens.issue(
            TokenIssuer.Claims(
                namespace: namespace, serviceAccount: account, serviceAccountUID: object.meta.uid, podName: pod,
                podUID: podUID, audiences: [audience ?? TokenIssuer.issuer],
                expires: Int(Date().timeIntervalSince1970) + expirationSeconds))
    }

    func server(containerLogs: any ContainerLogs) -> APIServer {
        APIServer(
            registry: registry, authenticator: Authenticator(store: registry.store, tokens: tokens),
            authorizer: Authorizer(store: registry.store), containerLogs: containerLogs, logger: logger)
    }

    /// The controllers of the API server itself.
    var controllers: [any Service] {
        [
            NamespaceController(registry: registry, authority: pki.authority, logger: logger),
            GarbageCollector(registry: registry, logger: logger), EventExpiry(registry: registry, logger: logger),
            WatchTimer(store: registry.store),
        ]
    }
}
