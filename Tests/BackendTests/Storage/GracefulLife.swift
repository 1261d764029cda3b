import Logging
import ServiceLifecycle

/// A service in a group of its own, for its graceful end.
struct GracefulLife {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(_ service: any Service) {
        let group = ServiceGroup(configuration: .init(services: [service], logger: .silent))
        self.group = group
        task = Task { try await group.run() }
    }

    /// Asks it to end, and returns when it has.
    func shutDown() async {
        await group.triggerGracefulShutdown()
        // What it ends with is the test's to look at elsewhere.
        _ = await task.result
    }
}
