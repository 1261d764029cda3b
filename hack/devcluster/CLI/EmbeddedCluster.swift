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

    static let manager = "devcluster"

    /// A cluster that forgets everything when it ends.
    /// - Parameters:
    ///   - directory: where certificates are kept.
    ///   - serviceOctet: Services get addresses in `127.OCTET.0.0/16`.
    init(directory: String, serviceOctet: Int, logger: Logger) throws {
        try self.init(directory: directory, store: ClusterStore(), serviceOctet: serviceOctet, logger: logger)
        try bootstrap()
    }

    /// The cluster whose state lies in a folder, as it was when it ended, however it ended.
    init(data: DataDirectory, serviceOctet: Int, logger: Logger) throws {
        let last = try data.database.value(.version) ?? 0
        let store = ClusterStore(
            firstVersion: ClusterStore.firstVersion(after: UInt64(max(0, last))), log: data.database)
        try self.init(directory: data.path, store: store, serviceOctet: serviceOctet, logger: logger)
        try restore(from: data.database)
        try bootstrap()
    }

    private init(directory: String, store: ClusterStore, serviceOctet: Int, logger: Logger) throws {
        self.logger = logger
        self.serviceOctet = serviceOctet
        pki = try ClusterPKI(directory: "\(directory)/pki")
        tokens = TokenIssuer(key: pki.tokenKey)
        registry = Registry(
            store: store, kinds: KindCatalog(BuiltInKinds.all + [CustomResourceDefinition.kind]),
            serviceAddresses: ServiceAddresses(octet: serviceOctet), logger: logger)
    }

    /// What every cluster begins with.
    private func bootstrap() throws(StatusError) {
        func begin(_ resource: GroupResource, _ object: JSONValue) throws(StatusError) {
            guard try registry.find(resource, object.meta.key) == nil else { return }
            _ = try registry.create(resource, object, manager: Self.manager)
        }
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            try begin(
                GroupResource("", "namespaces"),
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
        try begin(.storageClasses, FolderProvisioner.standardClass)
        let group = "rbac.authorization.k8s.io"
        for role in BuiltInRoles.clusterRoles { try begin(GroupResource(group, "clusterroles"), role) }
        for binding in BuiltInRoles.clusterRoleBindings {
            try begin(GroupResource(group, "clusterrolebindings"), binding)
        }
    }

    /// The Service by which pods know the API server, with its one endpoint.
    func publishAPIServer(port: Int) throws(StatusError) {
        try provide(
            .services,
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
            ])
        try provide(
            .endpointSlices,
            [
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": [
                    "name": "kubernetes", "namespace": "default",
                    "labels": ["kubernetes.io/service-name": "kubernetes"],
                ],
                "addressType": "IPv4",
                "endpoints": [["addresses": ["127.0.0.1"], "conditions": ["ready": true]]],
                "ports": [["name": "https", "port": JSONValue(port), "protocol": "TCP"]],
            ])
        try provide(
            .endpoints,
            [
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": ["name": "kubernetes", "namespace": "default"],
                "subsets": [
                    [
                        "addresses": [["ip": "127.0.0.1"]],
                        "ports": [["name": "https", "port": JSONValue(port), "protocol": "TCP"]],
                    ]
                ],
            ])
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

    /// - Parameter watchList: whether watches may ask for the present state as events.
    func server(containerLogs: any ContainerLogs, watchList: Bool = false) -> APIServer {
        APIServer(
            registry: registry, authenticator: Authenticator(store: registry.store, tokens: tokens),
            authorizer: Authorizer(store: registry.store), containerLogs: containerLogs, logger: logger,
            servesWatchList: watchList)
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
