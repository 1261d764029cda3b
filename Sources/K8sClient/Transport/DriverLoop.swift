import CCurl
import DequeModule

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
    private var waiting: Deque<Transfer> = []
    /// How many of the active transfers count against the limit.
    private var counted = 0

    init(_ multi: UnsafeMutableRawPointer, _ wakePipe: WakePipe, _ configuration: TransportConfiguration) {
        self.multi = multi
        sockets = SocketSet(multi, wakePipe)
        self.configuration = configuration
    }

    func handle(_ command: CurlDriver.Command) {
        switch command {
        case .start(let transfer):
            if isCounted(transfer), counted >= configuration.maximumConcurrentRequests {
                waiting.append(transfer)
            } else {
                start(transfer)
            }
        case .cancel(let transfer):
            if let handle = active[ObjectIdentifier(transfer)] {
                release(handle, transfer)
                handle.finish(.failure(Self.cancelled))
                recycle(handle)
            } else if let index = waiting.firstIndex(where: { $0 === transfer }) {
                waiting.remove(at: index)
                transfer.finish(.failure(Self.cancelled))
            }
        case .resume(let transfer):
            active[ObjectIdentifier(transfer)]?.resume()
        }
    }

    /// Lets libcurl work, then waits until it has more to do or someone wakes the driver.
    func turn() {
        sockets.act()
        finishDone()
        startWaiting()
        sockets.wait(60_000)
    }

    func endEverything() {
        for (_, handle) in active {
            curl_multi_remove_handle(multi, handle.pointer)
            handle.finish(.failure(Self.shutDown))
        }
        active = [:]
        for transfer in waiting { transfer.finish(.failure(Self.shutDown)) }
        waiting = []
        idle = []
    }

    func cleanUp() {
        curl_multi_cleanup(multi)
    }

    /// Streams last, and what is urgent must not wait: neither counts.
    private func isCounted(_ transfer: Transfer) -> Bool {
        !transfer.isStreamed && !transfer.request.isUrgent
    }

    private func start(_ transfer: Transfer) {
        guard !transfer.isCancelled else {
            transfer.finish(.failure(Self.cancelled))
            return
        }
        do throws(KubernetesError) {
            let handle = if let pooled = idle.popLast() { pooled } else { try EasyHandle(configuration) }
            try handle.prepare(transfer)
            let result = curl_multi_add_handle(multi, handle.pointer)
            guard result == CURLM_OK else {
                throw KubernetesError(.connection, String(cString: curl_multi_strerror(result)))
            }
            active[ObjectIdentifier(transfer)] = handle
            if isCounted(transfer) { counted += 1 }
        } catch {
            transfer.finish(.failure(error))
        }
    }

    private func startWaiting() {
        while counted < configuration.maximumConcurrentRequests, let transfer = waiting.popFirst() { start(transfer) }
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
        if isCounted(transfer) { counted -= 1 }
    }

    private func recycle(_ handle: EasyHandle) {
        if idle.count < Self.maximumIdleHandles { idle.append(handle) }
    }
}
