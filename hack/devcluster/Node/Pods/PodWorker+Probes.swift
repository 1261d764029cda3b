import K8sClient

extension PodWorker {
    private enum ProbeKind: String { case startup = "Startup", liveness = "Liveness", readiness = "Readiness" }

    /// Carries out a container's probes until the task is cancelled, which the end of the container does.
    func probe(_ container: JSONValue, _ prober: Prober, started: Gate?) async {
        let begin = ContinuousClock.now
        if let spec = ProbeSpec(container["startupProbe"]) {
            await repeatProbe(.startup, spec, container, prober, since: begin)
            guard !Task.isCancelled, !prober.process.ended.isOpen else { return }
            started?.open()
        }
        await withDiscardingTaskGroup { group in
            for (kind, member) in [(ProbeKind.liveness, "livenessProbe"), (.readiness, "readinessProbe")] {
                guard let spec = ProbeSpec(container[member]) else { continue }
                group.addTask { await self.repeatProbe(kind, spec, container, prober, since: begin) }
            }
        }
    }

    private func repeatProbe(
        _ kind: ProbeKind, _ spec: ProbeSpec, _ container: JSONValue, _ prober: Prober,
        since begin: ContinuousClock.Instant
    ) async {
        var state = ProbeState(spec)
        var wasReady = false
        do {
            try await Task.sleep(until: begin + .seconds(spec.initialDelay), clock: .continuous)
            while true {
                let outcome = await prober.perform(spec.action, timeout: .seconds(spec.timeout))
                if Task.isCancelled || prober.process.ended.isOpen { return }
                let verdict = state.record(success: outcome == .success)
                if case .failure(let message) = outcome, wasReady || kind != .readiness || isLate(spec, begin) {
                    node.note(
                        .warning, "Unhealthy", "\(kind.rawValue) probe failed: \(message)", pod: pod,
                        container: container)
                }
                if verdict == true { wasReady = true }
                if await act(on: verdict, kind, spec, container) { return }
                // A container that has never been ready is asked each second, so that it is not kept from its Service
                // for a whole period after it came up; that changes no verdict, since it is not ready anyway.
                let isStarting = kind == .readiness && !wasReady
                try await Task.sleep(for: .seconds(isStarting ? min(1, spec.period) : spec.period))
            }
        } catch {
            return  // cancelled
        }
    }

    private func isLate(_ spec: ProbeSpec, _ begin: ContinuousClock.Instant) -> Bool {
        ContinuousClock.now - begin > .seconds(spec.initialDelay + spec.period)
    }

    /// Does what a verdict asks for; returns whether the probe has done its work.
    private func act(on verdict: Bool?, _ kind: ProbeKind, _ spec: ProbeSpec, _ container: JSONValue) async -> Bool {
        let name = container.nameOrEmpty
        switch (kind, verdict) {
        case (_, nil): return false
        case (.startup, true?):
            records[name]?.isStarted = true
            records[name]?.isReady = ProbeSpec(container["readinessProbe"]) == nil
            publish()
            return true
        case (.readiness, let isReady?):
            if records[name]?.isReady != isReady, records[name]?.isRunning == true {
                records[name]?.isReady = isReady
                publish()
            }
            return false
        case (.liveness, true?): return false
        case (.startup, false?), (.liveness, false?):
            guard !isTerminating else { return true }
            node.note(
                .normal, "Killing",
                "Container \(name) failed \(kind.rawValue.lowercased()) probe, will be restarted", pod: pod,
                container: container)
            let grace =
                spec.terminationGracePeriodSeconds ?? pod["spec", "terminationGracePeriodSeconds"]?.int ?? 30
            await stop(container, grace: grace)
            return true
        }
    }
}
