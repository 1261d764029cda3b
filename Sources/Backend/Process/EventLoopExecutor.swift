import CSwiftConcurrency
import NIOCore
import NIOPosix

/// Runs tasks on swift-nio's event loops instead of Swift's own threads, so that what a request does stays on the thread that its
/// connection is served by.
///
/// `NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor` does the same where Swift's libraries are
/// shared. It finds the runtime's hook by its name, which programs with Swift's libraries inside do not export (`--exclude-libs ALL`).
enum EventLoopExecutor {
    private typealias Hook = @convention(thin) (UnownedJob, @convention(thin) (UnownedJob) -> Void) -> Void

    /// Call it once, before the first task.
    static func install() {
        withUnsafeTemporaryAllocation(of: Hook.self, capacity: 1) { hook in
            hook.initializeElement(at: 0) { job, _ in
                // The loop of this thread where it is one.
                MultiThreadedEventLoopGroup.singleton.any().executor.enqueue(ExecutorJob(job))
            }
            // A thin function is one pointer to its code, which is how the runtime calls it.
            hook.withMemoryRebound(to: UnsafeMutableRawPointer.self) { swift_task_set_enqueue_global_hook($0[0]) }
        }
    }
}
