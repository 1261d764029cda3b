import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability

@testable import Backend

/// A backend inside the test's own process.
struct BackendFixture {
    let server: BackendServer
    let registry = PrometheusRegistry()

    init(_ variables: [String: String] = [:], logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        throws
    {
        let settings = try Settings(
            variables: variables.merging(["PORT": "0", "HOST": "127.0.0.1"]) { given, _ in given })
        server = BackendServer(settings: settings, registry: registry, logger: logger)
    }

    /// Asks the routes directly.
    func routed<Value>(
        addRoutes: (Router<BackendRequestContext>) -> Void = { _ in },
        _ test: @Sendable (any TestClientProtocol) async throws -> Value
    ) async throws -> Value {
        try await server.makeApplication(addRoutes: addRoutes).test(.router, test)
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
