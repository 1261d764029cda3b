// Swift's runtime calls this, where it is set, to run a task's piece of work that has no executor of its own
// (swift/Runtime/Concurrency.h). It is a Swift function: see EventLoopExecutor.swift.
extern void *_Nullable swift_task_enqueueGlobal_hook;

static inline void swift_task_set_enqueue_global_hook(void *_Nonnull hook) {
    __atomic_store_n(&swift_task_enqueueGlobal_hook, hook, __ATOMIC_RELEASE);
}
