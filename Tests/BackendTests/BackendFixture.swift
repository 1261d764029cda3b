import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import ServiceLifecycle

@testable import Backend

/// A backend inside the test's own process.
struct BackendFixture {
    let server: BackendServer
    let registry = PrometheusRegistry()

    /// - Parameter passwords: What hashing one costs; next to nothing unless a test is about that.
    init(
        _ variables: [String: String] = [:], logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        clock: WallClock = .system, passwords: Scrypt.Parameters = Scrypt.Parameters(logN: 4, r: 8, p: 1)
    ) throws {
        let settings = try Settings(
            variables: variables.merging(["PORT": "0", "HOST": "127.0.0.1", "DATABASE_URL": "sqlite:///:memory:"]) {
                given, _ in given
            })
        let services = try BackendServices(
            settings: settings, registry: registry, logger: logger, clock: clock, passwords: passwords)
        server = BackendServer(settings: settings, registry: registry, services: services, logger: logger)
    }

    /// With an empty database.
    init(
        _ variables: [String: String] = [:], on maker: DatabaseMaker, clock: WallClock = .system,
        passwords: Scrypt.Parameters = Scrypt.Parameters(logN: 4, r: 8, p: 1)
    ) async throws {
        let url = ["DATABASE_URL": try await maker.address().value]
        try self.init(variables.merging(url) { given, _ in given }, clock: clock, passwords: passwords)
    }

    /// - Parameter services: Parts that a test put together itself.
    init(services: BackendServices) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        server = BackendServer(
            settings: try Settings(variables: ["PORT": "0", "HOST": "127.0.0.1"]), registry: registry,
            services: services, logger: logger)
    }

    /// Asks the routes directly, once in a fixture's life, with everything running that runs beside the HTTP server, and the schema in place.
    func routed<Value: Sendable>(
        addRoutes: (Router<BackendRequestContext>) -> Void = { _ in },
        _ test: @escaping @Sendable (any TestClientProtocol) async throws -> Value
    ) async throws -> Value {
        let application = server.makeApplication(addRoutes: addRoutes)
        let group = ServiceGroup(services: server.services.background, logger: server.logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard
                await eventually({
                    for dependency in server.services.dependencies where await dependency.state() != .ok {
                        return false
                    }
                    return true
                })
            else { throw APIError.internalError(cause: "the services do not get ready") }
            let value = try await application.test(.router, test)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }
}

extension TestResponse {
    /// The members of `error`.
    var error: [String: Any]? {
        let object = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        return object?["error"] as? [String: Any]
    }
}

/// Waits until `condition` holds; false when it does not within the deadline.
func eventually(within deadline: Duration = .seconds(60), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
