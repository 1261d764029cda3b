import NIOPosix

extension NIOThreadPool {
    /// Runs work on the pool also when the calling task was cancelled: for what has to happen at an end.
    func finish<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await Task { try await self.runIfActive(body) }.value
    }
}
