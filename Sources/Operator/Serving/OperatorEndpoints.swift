import Hummingbird
import Logging
import Observability
import ServiceLifecycle

/// Serves `/healthz`, `/readyz` and `/metrics`.
struct OperatorEndpoints: Service {
    let registry: PrometheusRegistry
    let health: OperatorHealth
    let host: String
    let port: Int
    let logger: Logger

    func run() async throws {
        let router = Router()
        router.get("healthz") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in
            let problem = health.notReadyReason
            return Response(
                status: problem == nil ? .ok : .serviceUnavailable,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: (problem ?? "ok") + "\n")))
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.render())))
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "chatbackend-operator"),
            onServerRunning: { channel in
                logger.info("serving", metadata: ["address": "\(channel.localAddress?.description ?? "?")"])
            },
            logger: logger)
        // Not runService(), whose own signal handling would end it before the services that depend on it.
        try await application.run()
    }
}
