import FoundationEssentials
import K8sClient
import Logging
import NIOPosix

/// Owns one pod of the node from its binding to its removal: volumes, init containers, containers with their restarts
/// and probes, and the orderly end.
actor PodWorker {
    /// Why a pod ends.
    enum Ending: Sendable {
        /// Its object waits to be removed: the node stops it and removes the object.
        case deleted
        /// Its object is gone already: nothing is to be reported, and nothing waited for.
        case removed
        /// The node itself ends.
        case shutdown
    }

    let node: NodeContext
    let uid: String
    let directory: String
    let volumes: PodVolumes
    private let ending = Gate()
    private let started = KubernetesTime.now

    private(set) var pod: JSONValue
    private(set) var podIP: String?
    private(set) var isTerminating = false
    var records: [String: ContainerRecord] = [:]
    var processes: [String: ContainerProcess] = [:]
    var environments: [String: [String: String]] = [:]
    var volumePaths: [String: String] = [:]
    private var reason: Ending?
    private var failure: (reason: String, message: String)?
    private var hosts: String?

    init(pod: JSONValue, node: NodeContext) {
        self.pod = pod
        self.node = node
        uid = pod.meta.uid
        directory = "\(node.directory)/pods/\(pod.meta.namespace)_\(pod.meta.name)_\(pod.meta.uid)"
        volumes = PodVolumes(
            directory: directory + "/volumes", cluster: node.cluster, issuer: node.tokens,
            caCertificate: node.caCertificate)
    }

    var initContainers: [JSONValue] { pod.items("spec", "initContainers") }
    var containers: [JSONValue] { pod.items("spec", "containers") }
    var key: ObjectKey { pod.meta.key }
    /// As the kubelet names a pod in messages.
    var title: String { "\(pod.meta.name)_\(pod.meta.namespace)(\(uid))" }

    var policy: RestartPolicy {
        RestartPolicy(rawValue: pod["spec", "restartPolicy"]?.string ?? "") ?? .always
    }

    // MARK: What the node tells it

    /// Takes in a new version of the object.
    func update(_ newer: JSONValue) {
        pod = newer
        if newer.meta.isDeleting { end(.deleted) }
    }

    func end(_ ending: Ending) {
        // A forced deletion overtakes an orderly one that is under way.
        if reason == nil || ending != .deleted { reason = ending }
        self.ending.open()
        if ending == .removed { for process in processes.values { process.kill() } }
    }

    // MARK: Its life

    /// Runs until the pod is gone.
    func run() async {
        if pod.meta.isDeleting { end(.deleted) }
        let wasOver = ["Succeeded", "Failed"].contains(pod["status", "phase"]?.string)
        await withTaskGroup { group in
            if !wasOver, reason == nil { group.addTask { await self.live() } }
            await ending.wait()
            await terminate()
            group.cancelAll()
        }
        await cleanUp()
    }

    private func live() async {
        for container in initContainers { records[container.nameOrEmpty] = record(container, "PodInitializing") }
        let waiting = initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
        for container in containers { records[container.nameOrEmpty] = record(container, waiting) }
        node.logs.register(podUID: uid, pod: pod.meta.name, containers: Array(records.keys))
        node.unenforced.report(pod)
        podIP = node.addresses.assign(to: uid)
        guard podIP != nil else {
            return fail("OutOfpods", "Node didn't have enough resource: pods, requested: 1, capacity: 1000")
        }
        publish()
        guard await prepareVolumes() else { return }
        await refreshHosts()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepVolumes() }
            if let seconds = pod["spec", "activeDeadlineSeconds"]?.int {
                group.addTask { await self.enforceDeadline(seconds) }
            }
            for container in initContainers {
                if container["restartPolicy"]?.string == "Always" {
                    let started = Gate()
                    group.addTask { await self.runContainer(container, policy: .always, started: started) }
                    await started.wait()
                } else {
                    let initPolicy: RestartPolicy = policy == .never ? .never : .onFailure
                    guard await runContainer(container, policy: initPolicy, started: nil) else {
                        return group.cancelAll()
                    }
                }
                if isTerminating || Task.isCancelled { return group.cancelAll() }
            }
            await withDiscardingTaskGroup { mains in
                for container in containers {
                    mains.addTask { _ = await self.runContainer(container, policy: self.policy, started: nil) }
                }
            }
            // The pod's work is done; its sidecars have nothing left to serve.
            for container in initContainers { await stop(container, grace: grace) }
            group.cancelAll()
        }
    }

    /// A container's record, continued from the pod's status when the node ran it before.
    private func record(_ container: JSONValue, _ reason: String) -> ContainerRecord {
        var record = ContainerRecord(container, reason: reason)
        let known = pod.items("status", "containerStatuses") + pod.items("status", "initContainerStatuses")
        if let status = known.first(where: { $0["name"]?.string == record.name }) {
            record.resume(from: status, now: .now)
        }
        return record
    }

    private func prepareVolumes() async -> Bool {
        while !isTerminating, !Task.isCancelled {
            do {
                volumePaths = try await volumes.prepare(pod, podIP: podIP ?? "")
                return true
            } catch {
                let message =
                    (error as? VolumeError)?.message ?? (error as? ContainerConfigError)?.message ?? "\(error)"
                node.note(.warning, "FailedMount", "MountVolume.SetUp failed: \(message)", pod: pod)
                try? await Task.sleep(for: .seconds(1))  // what was missing may have been made since
            }
        }
        return false
    }

    /// Brings changed ConfigMaps, Secrets and ageing tokens into the running pod, as the kubelet does each minute.
    private func keepVolumes() async {
        while true {
            do { try await Task.sleep(for: .seconds(30)) } catch { return }
            do {
                _ = try await volumes.prepare(pod, podIP: podIP ?? "")
            } catch {
                node.logger.debug("volumes of \(key) keep their content: \(error)")
            }
        }
    }

    private func enforceDeadline(_ seconds: Int) async {
        do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
        let message = "Pod was active on the node longer than the specified deadline"
        node.note(.normal, "DeadlineExceeded", message, pod: pod)
        await terminate()
        fail("DeadlineExceeded", message)
    }

    private func fail(_ reason: String, _ message: String) {
        failure = (reason, message)
        publish()
    }

    // MARK: Hosts file

    /// Writes the names of the Services as they are now; in place, since containers have the file itself mounted.
    func refreshHosts() async {
        guard let podIP, reason == nil else { return }
        let services = node.services.services(in: nil)
        let text = HostsFile.text(
            pod: pod, podIP: podIP, services: services,
            headless: { node.services.endpoints(of: $0, port: nil).map(\.address) },
            hosts: { node.services.hosts(of: $0) })
        guard text != hosts else { return }
        hosts = text
        let path = directory + "/hosts"
        let directory = directory
        do {
            try await NIOThreadPool.singleton.runIfActive {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try MachineFiles.overwrite(path, with: Array(text.utf8))
            }
        } catch {
            node.logger.warning("hosts file of \(key): \(error)")
        }
    }

    // MARK: The end

    private var grace: Int {
        pod["metadata", "deletionGracePeriodSeconds"]?.int ?? pod["spec", "terminationGracePeriodSeconds"]?.int ?? 30
    }

    private func terminate() async {
        isTerminating = true
        // The node's own end must not take as long as its slowest pod would like.
        let limit = reason == .shutdown ? min(grace, 10) : reason == .removed ? 0 : grace
        let sidecars = initContainers.filter { $0["restartPolicy"]?.string == "Always" }
        let others = containers + initContainers.filter { $0["restartPolicy"]?.string != "Always" }
        for batch in [others, sidecars] {
            await withDiscardingTaskGroup { group in
                for container in batch where processes[container.nameOrEmpty] != nil {
                    node.note(
                        .normal, "Killing", "Stopping container \(container.nameOrEmpty)", pod: pod,
                        container: container)
                    group.addTask { await self.stop(container, grace: limit) }
                }
            }
        }
    }

    private func cleanUp() async {
        publish()
        node.logs.forget(podUID: uid)
        node.addresses.release(uid)
        let directory = directory
        do {
            try await NIOThreadPool.singleton.finish {
                if FileManager.default.fileExists(atPath: directory) {
                    try FileManager.default.removeItem(atPath: directory)
                }
            }
        } catch {
            node.logger.warning("files of \(key) stay: \(error)")
        }
        guard reason == .deleted else { return }
        do {
            try node.cluster.remove(.pods, key, Deletion(gracePeriodSeconds: 0, uid: uid))
        } catch {
            node.logger.warning("pod \(key) was stopped but not removed: \(error.message)")
        }
    }

    // MARK: Status

    /// Shows in the API what the pod is doing.
    func publish() {
        guard reason != .removed, !records.isEmpty else { return }
        let known = records
        let uid = uid
        do {
            pod = try node.cluster.update(
                .pods, namespace: key.namespace, name: key.name, subresource: "status", manager: NodeContext.component
            ) { current in
                // A new pod may have the name by now.
                guard current.meta.uid == uid else { return }
                var status = PodStatus(
                    pod: current, initRecords: initContainers.compactMap { known[$0.nameOrEmpty] },
                    records: containers.compactMap { known[$0.nameOrEmpty] }, podIP: podIP, started: started)
                status.failure = failure
                current["status"] = status.status(now: .now)
            }
        } catch {
            if error.code == 404 { return }  // the watch will say so
            node.logger.warning("status of \(key) not written: \(error.message)")
        }
    }
}

extension JSONValue {
    /// A container's name.
    var nameOrEmpty: String { self["name"]?.string ?? "" }
}
