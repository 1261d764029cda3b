import CSwiftConcurrency
import NIOCore
import NIOPosix

/// Runs tasks on swift-nio's event loops instead of Swift's own threads, so that what a request does stays on the thread that its
/// connection is served by.
///
/// `NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor` does the same where Swift's libraries are
/// shared. It finds the runtime's hook by its name, which programs with Swift's libraries inside do not export (`--exclude-libs ALL`).
/// It also runs a task's pieces as the loop's own: each `await` on code without an actor then counts as a change of executors, and
/// goes through the loop's queue. Here they run as what they are, nobody's, and such an `await` is a call.
enum EventLoopExecutor {
    private typealias Hook = @convention(thin) (UnownedJob, @convention(thin) (UnownedJob) -> Void) -> Void

    /// The executor of code that has none: to the runtime it is two empty words (`SerialExecutorRef::generic()`).
    private static let generic = unsafeBitCast((UInt(0), UInt(0)), to: UnownedSerialExecutor.self)

    private static func enqueue(_ job: UnownedJob) {
        // The loop of this thread where it is one.
        MultiThreadedEventLoopGroup.singleton.any().execute { job.runSynchronously(on: generic) }
    }

    /// Call it once, before the first task.
    static func install() {
        withUnsafeTemporaryAllocation(of: Hook.self, capacity: 1) { hook in
            // By the type's name: `Self` would be something that the closure holds.
            hook.initializeElement(at: 0) { job, _ in EventLoopExecutor.enqueue(job) }
            // A thin function is one pointer to its code, which is how the runtime calls it.
            hook.withMemoryRebound(to: UnsafeMutableRawPointer.self) { swift_task_set_enqueue_global_hook($0[0]) }
        }
    }
}
