import Dispatch

/// Work that waits for disks, pipes or locks, on a thread of its own: the threads that run tasks are as few as the processors.
enum BlockingWork {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            DispatchQueue(label: "backend.blocking").async {
                continuation.resume(with: Result { try body() })
            }
        }
    }
}
