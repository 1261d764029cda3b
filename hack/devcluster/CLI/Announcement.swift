import ServiceLifecycle

/// Tells everybody where the server is, once it is known; a cluster that nobody can find ends.
struct Announcement: Service {
    /// Yields the port that the server listens on.
    let ports: AsyncStream<Int>
    let announce: @Sendable (Int) throws -> Void

    func run() async throws {
        for await port in ports.cancelOnGracefulShutdown() { try announce(port) }
        // Until the shutdown, or at once after it.
        try await gracefulShutdown()
    }
}
