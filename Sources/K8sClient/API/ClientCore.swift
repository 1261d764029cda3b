import CoreMetrics
import Synchronization

/// What all views of one client share: connections, metrics, and what has been learnt of the server.
final class ClientCore: Sendable {
    let transport: Result<CurlTransport, KubernetesError>
    let metrics: RequestMetrics
    let tls: TLSMaterialSource
    let lanes: [RequestBudget.Lane: Int]
    let onWarning: @Sendable (ServerWarning) -> Void
    private let requestCount = Atomic<UInt64>(0)
    /// The kinds of which the server does not send the first list as events of a watch.
    private let withoutWatchList = Mutex<Set<APIResource>>([])
    /// The kinds whose last such watch fell silent or ended before its list was whole.
    private let openWatchLists = Mutex<Set<APIResource>>([])

    init(
        _ configuration: ClientConfiguration, _ factory: any MetricsFactory,
        onWarning: @escaping @Sendable (ServerWarning) -> Void
    ) {
        self.onWarning = onWarning
        let metrics = RequestMetrics(factory)
        self.metrics = metrics
        tls = TLSMaterialSource(configuration.tls)
        let lanes = configuration.requestBudget.lanes
        self.lanes = Dictionary(uniqueKeysWithValues: zip(lanes, 0...))
        do throws(KubernetesError) {
            transport = .success(
                CurlTransport(
                    TransportConfiguration(
                        server: try ServerAddress(configuration.server, serverName: configuration.tls.serverName),
                        insecureSkipVerify: configuration.tls.insecureSkipVerify,
                        serverName: configuration.tls.serverName, proxyURL: configuration.proxyURL,
                        userAgent: configuration.userAgent, connectTimeout: configuration.connectTimeout,
                        httpVersion: configuration.httpVersion,
                        laneLimits: lanes.map { configuration.requestBudget.limit(of: $0) },
                        onQueueDepth: metrics.queueDepth(lanes))))
        } catch {
            transport = .failure(error)
        }
    }

    /// What logs call the next request.
    func nextRequestID() -> UInt64 { requestCount.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Whether a watch of the kind may ask for the first list as events.
    func mayUseWatchList(_ resource: APIResource) -> Bool { withoutWatchList.withLock { !$0.contains(resource) } }

    /// Decides that for good: asking again at every restart would cost a request each time.
    func giveUpWatchList(_ resource: APIResource) {
        withoutWatchList.withLock { _ = $0.insert(resource) }
    }

    /// Such a watch fell silent or ended before its list was whole. Once that may be the connection's fault, or a server's that
    /// shuts down; twice in a row the server does not know how.
    func watchListStayedOpen(_ resource: APIResource) {
        let isFirst = openWatchLists.withLock { $0.insert(resource).inserted }
        if !isFirst { giveUpWatchList(resource) }
    }

    /// Such a watch brought its list to an end.
    func watchListWorked(_ resource: APIResource) {
        openWatchLists.withLock { _ = $0.remove(resource) }
    }
}
