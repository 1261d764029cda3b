import CCurl

/// What the driver's thread does between two looks into its inbox. Lives and dies on that thread.
final class DriverLoop {
    static let shutDown = KubernetesError(.cancelled, "the client has been shut down")
    private static let cancelled = KubernetesError(.cancelled, "the request was cancelled")
    /// Idle handles are small next to connections; more than this many come only from a burst.
    private static let maximumIdleHandles = 64

    private let multi: UnsafeMutableRawPointer
    private let sockets: SocketSet
    private let configuration: TransportConfiguration
    private var active: [ObjectIdentifier: EasyHandle] = [:]
    private var idle: [EasyHandle] = []
    private var lanes: [LaneQueue]
    /// No stream's silence is over earlier; so that they need not be searched at every turn.
    private var nextSilenceCheck: ContinuousClock.Instant?

    init(_ multi: UnsafeMutableRawPointer, _ wakePipe: WakePipe, _ configuration: TransportConfiguration) {
        self.multi = multi
        sockets = SocketSet(multi, wakePipe)
        self.configuration = configuration
        lanes = configuration.laneLimits.map(LaneQueue.init(limit:))
    }

    func handle(_ command: CurlDriver.Command) {
        switch command {
        case .start(let transfer):
            // Streams last, so they take no place.
            guard !transfer.isStreamed else { return start(transfer) }
            let lane = transfer.request.lane
            if lanes[lane].enter(transfer) {
                start(transfer)
            } else {
                configuration.onQueueDepth(lane, lanes[lane].depth)
            }
        case .cancel(let transfer):
            let lane = transfer.request.lane
            if let handle = active[ObjectIdentifier(transfer)] {
                end(handle, transfer, Self.cancelled)
            } else if lanes[lane].remove(transfer) {
                configuration.onQueueDepth(lane, lanes[lane].depth)
                transfer.finish(.failure(Self.cancelled))
            }
        case .resume(let transfer):
            guard let handle = active[ObjectIdentifier(transfer)] else { return }
            handle.resume()
            watchSilence(of: handle)
        }
    }

    /// Lets libcurl work, then waits until it has more to do or someone wakes the driver.
    func turn() {
        sockets.act()
        finishDone()
        endLate()
        startWaiting()
        sockets.wait(pollTimeout)
    }

    /// When there is something to end although no socket says so.
    private var nextDeadline: ContinuousClock.Instant? {
        var next = nextSilenceCheck
        for lane in lanes {
            guard let deadline = lane.earliestDeadline else { continue }
            next = min(next ?? deadline, deadline)
        }
        return next
    }

    private var pollTimeout: Int32 {
        let longest = 60_000
        guard let next = nextDeadline else { return Int32(longest) }
        // One more, since what is left of a millisecond would be waited out in turns of none.
        return Int32(min(max((next - .now).milliseconds + 1, 0), longest))
    }

    func endEverything() {
        for (_, handle) in active {
            curl_multi_remove_handle(multi, handle.pointer)
            handle.finish(.failure(Self.shutDown))
        }
        active = [:]
        for index in lanes.indices {
            for transfer in lanes[index].removeAll() { transfer.finish(.failure(Self.shutDown)) }
        }
        idle = []
    }

    func cleanUp() {
        curl_multi_cleanup(multi)
    }

    private func start(_ transfer: Transfer) {
        do throws(KubernetesError) {
            guard !transfer.isCancelled else { throw Self.cancelled }
            if let deadline = transfer.request.deadline, deadline <= .now { throw Self.tooLate }
            let handle = if let pooled = idle.popLast() { pooled } else { try EasyHandle(configuration) }
            try handle.prepare(transfer)
            let result = curl_multi_add_handle(multi, handle.pointer)
            guard result == CURLM_OK else {
                throw KubernetesError(.connection, String(cString: curl_multi_strerror(result)))
            }
            active[ObjectIdentifier(transfer)] = handle
            watchSilence(of: handle)
        } catch {
            leave(transfer)
            transfer.finish(.failure(error))
        }
    }

    private func startWaiting() {
        for index in lanes.indices {
            while let transfer = lanes[index].next() {
                configuration.onQueueDepth(index, lanes[index].depth)
                start(transfer)
            }
        }
    }

    private func leave(_ transfer: Transfer) {
        if !transfer.isStreamed { lanes[transfer.request.lane].leave() }
    }

    // MARK: What takes too long

    private static let tooLate = KubernetesError(.timeout, "the request's time was up before its turn came")

    /// Ends what waited too long for its turn, and streams that have been silent for too long.
    private func endLate() {
        guard let next = nextDeadline else { return }
        let now = ContinuousClock.now
        guard next <= now else { return }
        for index in lanes.indices {
            let late = lanes[index].expired(at: now)
            guard !late.isEmpty else { continue }
            configuration.onQueueDepth(index, lanes[index].depth)
            for transfer in late { transfer.finish(.failure(Self.tooLate)) }
        }
        guard let check = nextSilenceCheck, check <= now else { return }
        nextSilenceCheck = nil
        for handle in Array(active.values) {
            guard let transfer = handle.transfer, transfer.isStreamed else { continue }
            if let error = handle.silenceError(at: now) {
                end(handle, transfer, error)
            } else {
                watchSilence(of: handle)
            }
        }
    }

    private func watchSilence(of handle: EasyHandle) {
        guard let next = handle.nextSilenceCheck(.now) else { return }
        nextSilenceCheck = min(nextSilenceCheck ?? next, next)
    }

    private func end(_ handle: EasyHandle, _ transfer: Transfer, _ error: KubernetesError) {
        release(handle, transfer)
        handle.finish(.failure(error))
        recycle(handle)
    }

    private func finishDone() {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let result = curl_message_result(message)
            var userData: UnsafeMutableRawPointer?
            _ = curl_getinfo_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &userData)
            guard let userData else { continue }
            let handle = Unmanaged<EasyHandle>.fromOpaque(userData).takeUnretainedValue()
            guard let transfer = handle.transfer else { continue }
            release(handle, transfer)
            handle.finish(result)
            recycle(handle)
        }
    }

    private func release(_ handle: EasyHandle, _ transfer: Transfer) {
        curl_multi_remove_handle(multi, handle.pointer)
        active[ObjectIdentifier(transfer)] = nil
        leave(transfer)
    }

    private func recycle(_ handle: EasyHandle) {
        if idle.count < Self.maximumIdleHandles { idle.append(handle) }
    }
}
