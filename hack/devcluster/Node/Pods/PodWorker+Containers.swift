import FoundationEssentials
import Glibc
import K8sClient
import NIOPosix
import Subprocess

extension PodWorker {
    /// Runs a container until its restart policy lets it rest, or the pod ends.
    /// - Returns: whether it ended well, and for good.
    @discardableResult
    func runContainer(_ container: JSONValue, policy: RestartPolicy, started: Gate?) async -> Bool {
        defer { started?.open() }
        let name = container.nameOrEmpty
        var backoff = RestartBackoff(node.backoff)
        if let earlier = records[name]?.termination {
            // From before the node was started anew.
            guard policy.restarts(afterExit: earlier.exitCode) else { return earlier.exitCode == 0 }
            records[name]?.last = earlier
            records[name]?.restartCount += 1
        }
        while !isTerminating, !Task.isCancelled {
            guard let launch = await prepare(container) else { return false }
            let begin = ContinuousClock.now
            guard let exit = await runOnce(container, launch, started: started) else { return false }
            if isTerminating || Task.isCancelled { return exit.code == 0 }
            guard policy.restarts(afterExit: exit.code) else { return exit.code == 0 }
            let delay = backoff.delay(afterRunning: ContinuousClock.now - begin)
            if delay > .zero {
                let message = "back-off \(delay.components.seconds)s restarting failed container=\(name) pod=\(title)"
                records[name]?.keepTermination()
                records[name]?.state = .waiting(reason: "CrashLoopBackOff", message: message)
                publish()
                node.note(
                    .warning, "BackOff", "Back-off restarting failed container \(name) in pod \(title)", pod: pod,
                    container: container)
                do { try await Task.sleep(for: delay) } catch { return false }
            } else {
                records[name]?.keepTermination()
            }
            records[name]?.restartCount += 1
        }
        return false
    }

    /// One run: from the start of the program to its end.
    private func runOnce(_ container: JSONValue, _ launch: ContainerLaunch, started: Gate?) async -> ContainerExit? {
        let name = container.nameOrEmpty
        let count = records[name]?.restartCount ?? 0
        let logDirectory = "\(directory)/logs/\(name)"
        let file = node.logs.begin(
            podUID: uid, pod: pod.meta.name, container: name, path: "\(logDirectory)/\(count).log")
        let id = "bubblewrap://\(GeneratedName.uid().replacing("-", with: ""))"
        node.note(.normal, "Created", "Created container: \(name)", pod: pod, container: container)
        environments[name] = launch.environment
        let sandbox = node.sandbox
        var options = launch
        let tmp = "\(directory)/tmp/\(name)"
        do {
            options = try await finish(launch, container, logDirectory: logDirectory, tmp: tmp)
            try await NIOThreadPool.singleton.runIfActive { try file.create() }
        } catch {
            _ = try? await NIOThreadPool.singleton.finish { try file.end(at: LogTime.now) }
            await notStarted(container, "CreateContainerError", "\(error)")
            return ContainerExit(code: 128)
        }
        let configuration = sandbox.configuration(options)
        let stopSignal = options.stopSignal
        let begin = KubernetesTime.now
        let exit: ContainerExit
        do {
            let result = try await Subprocess.run(
                configuration, input: .none, output: .sequence, error: .sequence
            ) { execution in
                let process = ContainerProcess(
                    bwrap: execution.processIdentifier.value, stopSignal: stopSignal)
                await withTaskGroup { group in
                    group.addTask { await Self.copy(execution.standardOutput, .stdout, to: file) }
                    group.addTask { await Self.copy(execution.standardError, .stderr, to: file) }
                    let watch = Task { await self.attend(container, process, id: id, launch, started: started) }
                    await group.waitForAll()
                    process.end()
                    watch.cancel()
                    await watch.value
                }
            }
            exit = ContainerExit(result.terminationStatus)
        } catch {
            _ = try? await NIOThreadPool.singleton.finish { try file.end(at: LogTime.now) }
            await notStarted(container, "RunContainerError", "\(error)")
            return ContainerExit(code: 128)
        }
        processes[name] = nil
        await ended(container, exit, begin: begin, id: id, file: file, messagePath: tmp + ".termination-log")
        return exit
    }

    /// What a running container needs from the node: hooks and probes.
    private func attend(
        _ container: JSONValue, _ process: ContainerProcess, id: String, _ launch: ContainerLaunch, started: Gate?
    ) async {
        let name = container.nameOrEmpty
        processes[name] = process
        await process.started()
        records[name]?.state = .running(since: .now)
        records[name]?.containerID = id
        let hasStartup = ProbeSpec(container["startupProbe"]) != nil
        records[name]?.isStarted = !hasStartup
        records[name]?.isReady = !hasStartup && ProbeSpec(container["readinessProbe"]) == nil
        publish()
        node.note(.normal, "Started", "Started container \(name)", pod: pod, container: container)
        if isTerminating {
            // The pod was ended while this began.
            return await stop(container, grace: 5)
        }
        if !hasStartup { started?.open() }
        let prober = Prober(
            podIP: podIP ?? "", container: container, process: process, sandbox: node.sandbox,
            environment: launch.environment, user: launch.user)
        if let hook = container["lifecycle", "postStart"], let action = ProbeSpec.Action(hook),
            case .failure(let message) = await prober.perform(action, timeout: .seconds(120)), !process.ended.isOpen
        {
            node.note(
                .warning, "FailedPostStartHook", "PostStartHook failed: \(message)", pod: pod, container: container)
            await stop(container, grace: 30)
            return
        }
        await probe(container, prober, started: started)
    }

    private func ended(
        _ container: JSONValue, _ exit: ContainerExit, begin: KubernetesTime, id: String, file: LogFile,
        messagePath: String
    ) async {
        let name = container.nameOrEmpty
        _ = try? await NIOThreadPool.singleton.finish { try file.end(at: LogTime.now) }
        var message = try? await NIOThreadPool.singleton.finish {
            String(decoding: try Data(contentsOf: URL(filePath: messagePath)).prefix(4096), as: UTF8.self)
        }
        if message?.isEmpty ?? true, exit.code != 0,
            container["terminationMessagePolicy"]?.string == "FallbackToLogsOnError"
        {
            message = await NodeLogs.ending(of: file)
        }
        records[name]?.isReady = false
        records[name]?.isStarted = false
        records[name]?.state = .terminated(
            .init(
                exitCode: exit.code, reason: exit.code == 0 ? "Completed" : "Error", message: message, started: begin,
                finished: .now, containerID: id))
        publish()
    }

    private func notStarted(_ container: JSONValue, _ reason: String, _ message: String) async {
        let name = container.nameOrEmpty
        processes[name] = nil
        records[name]?.state = .terminated(
            .init(exitCode: 128, reason: "StartError", message: message, started: nil, finished: .now, containerID: ""))
        publish()
        node.note(.warning, "Failed", "Error: \(message)", pod: pod, container: container)
    }

    private static func copy(_ output: SubprocessOutputSequence, _ stream: LogFile.Stream, to file: LogFile) async {
        do {
            for try await buffer in output {
                let bytes = buffer.withUnsafeBytes { Array($0) }
                // Waited for before more is read: a container cannot write faster than its log is kept.
                try await NIOThreadPool.singleton.finish {
                    try file.append(bytes, to: stream, at: LogTime.now)
                }
            }
        } catch {
            // The pipe or the disk failed; the container goes on without its log, as on a real node.
            return
        }
    }

    // MARK: Stopping

    /// Ends a container: its preStop hook, its stop signal, and SIGKILL when the grace is over.
    func stop(_ container: JSONValue, grace: Int) async {
        let name = container.nameOrEmpty
        guard let process = processes[name] else { return }
        let deadline = ContinuousClock.now + .seconds(grace)
        if grace > 0, let hook = container["lifecycle", "preStop"] {
            await preStop(hook, container, process, limit: .seconds(grace))
        }
        if grace > 0 { await process.terminate() }
        let left = max(deadline - ContinuousClock.now, grace > 0 ? .seconds(2) : .zero)
        if await process.ended.wait(atMost: left) { return }
        process.kill()
        await process.ended.wait()
    }

    private func preStop(_ hook: JSONValue, _ container: JSONValue, _ process: ContainerProcess, limit: Duration) async
    {
        if let seconds = hook["sleep", "seconds"]?.int {
            _ = await process.ended.wait(atMost: min(.seconds(seconds), limit))
            return
        }
        guard let action = ProbeSpec.Action(hook) else { return }
        let prober = Prober(
            podIP: podIP ?? "", container: container, process: process, sandbox: node.sandbox,
            environment: environments[container.nameOrEmpty] ?? [:], user: runAsUser(container))
        if case .failure(let message) = await prober.perform(action, timeout: limit) {
            node.note(.warning, "FailedPreStopHook", "PreStopHook failed: \(message)", pod: pod, container: container)
        }
    }
}
