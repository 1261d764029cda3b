import K8sClient

/// Runs every pod that is bound to the node.
struct Kubelet: Sendable {
    let node: NodeContext

    /// Runs until `stopping` opens; returns once every pod's processes have ended.
    func run(stopping: Gate) async {
        let pods = node.cluster.watch(.pods, namespace: nil)
        let workers = WorkerSet(node: node)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await event in pods where event.object["spec", "nodeName"]?.string == NodeObject.name {
                    await workers.take(event)
                }
            }
            group.addTask { await refreshHosts(workers) }
            group.addTask {
                await stopping.wait()
                await workers.close()
            }
            await withDiscardingTaskGroup { running in
                for await worker in workers.new {
                    running.addTask {
                        await worker.run()
                        await workers.remove(worker)
                    }
                }
                await workers.endAll()
            }
            group.cancelAll()
        }
    }

    private func refreshHosts(_ workers: WorkerSet) async {
        for await _ in node.services.changes() {
            for worker in await workers.all { await worker.refreshHosts() }
            // A burst of changes is one rewrite.
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }
}

/// The workers of the pods that the node has, by uid.
actor WorkerSet {
    /// Each worker once, to be run.
    nonisolated let new: AsyncStream<PodWorker>
    private let continuation: AsyncStream<PodWorker>.Continuation
    private let node: NodeContext
    private var workers: [String: PodWorker] = [:]
    private var isClosed = false

    init(node: NodeContext) {
        self.node = node
        (new, continuation) = AsyncStream.makeStream()
    }

    var all: [PodWorker] { Array(workers.values) }

    func take(_ event: ClusterEvent) async {
        let uid = event.object.meta.uid
        if let worker = workers[uid] {
            if event.kind == .deleted { await worker.end(.removed) } else { await worker.update(event.object) }
        } else if event.kind != .deleted, !isClosed {
            let worker = PodWorker(pod: event.object, node: node)
            workers[uid] = worker
            continuation.yield(worker)
        }
    }

    func remove(_ worker: PodWorker) { workers[worker.uid] = nil }

    /// Takes no more pods.
    func close() {
        isClosed = true
        continuation.finish()
    }

    func endAll() async {
        for worker in workers.values { await worker.end(.shutdown) }
    }
}
