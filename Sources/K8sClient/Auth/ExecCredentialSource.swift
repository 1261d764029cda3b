import Synchronization

/// Gives out a plug-in's credential, and runs the plug-in when there is none that is good. Many requests share one run.
final class ExecCredentialSource: Sendable {
    typealias Outcome = Result<ExecCredential, KubernetesError>

    private struct State {
        var cache = ExecCredentialCache()
        /// The number of the run that was begun last, and of the one that ended last, with what came of that.
        var begun = 0
        var ended = 0
        var outcome: Outcome = .failure(ExecCredentialSource.cancelled)
        var work: Task<Void, Never>?
        var timer: Task<Void, Never>?
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    /// A request that waits for a run.
    private enum Waiter {
        /// It is about to wait.
        case arriving
        case waiting(CheckedContinuation<Outcome, Never>)
        /// It was cancelled or its time was up, maybe before it began to wait.
        case gone(KubernetesError)
    }

    private static let cancelled = KubernetesError(.cancelled, "the request was cancelled")
    private static let late = KubernetesError(.timeout, "the credential plug-in did not answer in time")

    let plugin: ExecPlugin
    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp
    private let carryOut: @Sendable (ExecPlugin) async -> Outcome

    /// - Parameters:
    ///   - now: the wall clock, which a credential's end is written in.
    ///   - carryOut: runs the plug-in once.
    init(
        _ plugin: ExecPlugin, now: @escaping @Sendable () -> Timestamp = { .now },
        carryOut: @escaping @Sendable (ExecPlugin) async -> Outcome = { await ExecPluginProcess.run($0) }
    ) {
        self.plugin = plugin
        self.now = now
        self.carryOut = carryOut
    }

    /// The credential for a request.
    /// - Parameter deadline: until when the request can wait for it.
    func credential(until deadline: ContinuousClock.Instant?) async throws(KubernetesError) -> ExecCredential {
        let (decision, run) = state.withLock { state in
            let decision = state.cache.request(at: now())
            switch decision {
            case .use(_, refresh: true), .wait(start: true): state.begun += 1
            default: break
            }
            return (decision, state.begun)
        }
        switch decision {
        case .use(let credential, let refresh):
            if refresh { start(run) }
            return credential
        case .fail(let error): throw error
        case .wait(let isFirst):
            if isFirst { start(run) }
            return try await outcome(of: run, until: deadline).get()
        }
    }

    /// The server did not take this credential (401).
    /// - Returns: whether another one may be had.
    func rejected(_ credential: ExecCredential) -> Bool {
        state.withLock { $0.cache.rejected(credential, at: now()) }
    }

    // MARK: Running

    private func start(_ run: Int) {
        let work = Task { finish(run, await carryOut(plugin)) }
        let timer = Task {
            do {
                try await Task.sleep(for: plugin.timeout)
            } catch {
                return  // the run ended in time
            }
            finish(
                run,
                .failure(
                    KubernetesError(
                        .credentials,
                        "the credential plug-in \"\(plugin.command)\" did not end within \(plugin.timeout)")))
            work.cancel()
        }
        state.withLock { state in
            guard state.ended < run else { return timer.cancel() }
            (state.work, state.timer) = (work, timer)
        }
    }

    /// What comes of a run, or its time being up, whichever is first.
    private func finish(_ run: Int, _ outcome: Outcome) {
        let waiters = state.withLock { state in
            guard state.ended < run else { return [Waiter]() }
            state.ended = run
            state.outcome = outcome
            state.cache.finished(outcome, at: now())
            state.timer?.cancel()
            (state.work, state.timer) = (nil, nil)
            let waiters = state.waiters.filter { if case .waiting = $0.value { true } else { false } }
            for id in waiters.keys { state.waiters[id] = nil }
            return Array(waiters.values)
        }
        for case .waiting(let continuation) in waiters { continuation.resume(returning: outcome) }
    }

    // MARK: Waiting

    private func outcome(of run: Int, until deadline: ContinuousClock.Instant?) async -> Outcome {
        let id = state.withLock { state in
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = .arriving
            return state.nextWaiter
        }
        let timer = deadline.map { deadline in
            Task {
                do {
                    try await Task.sleep(until: deadline, clock: .continuous)
                } catch {
                    return  // the run ended in time
                }
                giveUp(id, Self.late)
            }
        }
        defer {
            timer?.cancel()
            state.withLock { $0.waiters[id] = nil }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Outcome? = state.withLock { state in
                    if case .gone(let error)? = state.waiters[id] { return .failure(error) }
                    if state.ended >= run { return state.outcome }
                    state.waiters[id] = .waiting(continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            giveUp(id, Self.cancelled)
        }
    }

    private func giveUp(_ id: Int, _ error: KubernetesError) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiters[id] else { return nil }  // it has its answer
            state.waiters[id] = .gone(error)
            return waiter
        }
        if case .waiting(let continuation)? = waiter { continuation.resume(returning: .failure(error)) }
    }
}
