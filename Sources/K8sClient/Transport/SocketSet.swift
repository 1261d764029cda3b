import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The sockets that libcurl waits for, and when it wants to be called without any.
///
/// `curl_multi_perform` asks the system about every transfer at every call, so that one answer costs as much as there are
/// watches open. Here one `poll(2)` finds what is ready, and libcurl works on that alone (`curl_multi_socket_action`).
///
/// Threading: made, used and freed on the driver's thread; the callbacks run there too, inside libcurl's functions. It outlives
/// the multi handle, whose clean-up calls them a last time.
final class SocketSet {
    private let multi: UnsafeMutableRawPointer
    private let wakePipe: WakePipe
    /// The first one is the pipe's.
    private var polled: [pollfd]
    private var ready: [(socket: Int32, events: Int32)] = []
    /// When libcurl's own timers are due.
    private var due: ContinuousClock.Instant?

    init(_ multi: UnsafeMutableRawPointer, _ wakePipe: WakePipe) {
        self.multi = multi
        self.wakePipe = wakePipe
        polled = [pollfd(fd: wakePipe.reading, events: Int16(POLLIN), revents: 0)]
        let userData = Unmanaged.passUnretained(self).toOpaque()
        curl_multi_setopt_pointer(multi, CURLMOPT_SOCKETDATA, userData)
        curl_multi_setopt_socket_function(multi) { _, socket, what, userData, _ in
            guard let userData else { return 0 }
            Unmanaged<SocketSet>.fromOpaque(userData).takeUnretainedValue().watch(socket, what)
            return 0
        }
        curl_multi_setopt_pointer(multi, CURLMOPT_TIMERDATA, userData)
        curl_multi_setopt_timer_function(multi) { _, milliseconds, userData in
            guard let userData else { return 0 }
            let set = Unmanaged<SocketSet>.fromOpaque(userData).takeUnretainedValue()
            set.due = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
            return 0
        }
    }

    private func watch(_ socket: Int32, _ what: Int32) {
        let index = polled.dropFirst().firstIndex { $0.fd == socket }
        let events: Int32 =
            switch what {
            case CURL_POLL_IN: POLLIN
            case CURL_POLL_OUT: POLLOUT
            case CURL_POLL_INOUT: POLLIN | POLLOUT
            default: 0
            }
        switch (index, what) {
        case (let index?, CURL_POLL_REMOVE): polled.remove(at: index)
        case (nil, CURL_POLL_REMOVE): break
        case (let index?, _): polled[index].events = Int16(events)
        case (nil, _): polled.append(pollfd(fd: socket, events: Int16(events), revents: 0))
        }
    }

    /// Lets libcurl work on what the last `wait` found ready, and on its timers that are due.
    func act() {
        var running: Int32 = 0
        for (socket, events) in ready { curl_multi_socket_action(multi, socket, events, &running) }
        ready.removeAll(keepingCapacity: true)
        // Work may start new work at once, such as a transfer that was just added; not for ever, so that commands get their turn.
        for _ in 0..<16 {
            guard let due, due <= .now else { return }
            self.due = nil
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT_VALUE, 0, &running)
        }
    }

    /// Waits until a socket is ready, a timer is due, someone wakes, or the time is over.
    /// - Parameter limit: milliseconds.
    func wait(_ limit: Int32) {
        var timeout = limit
        if let due {
            // One more, since what is left of a millisecond would be waited out in turns of none.
            let left = due - .now
            timeout = left <= .zero ? 0 : min(limit, Int32(clamping: left.milliseconds + 1))
        }
        let count = poll(&polled, nfds_t(polled.count), timeout)
        guard count > 0 else { return }  // nothing is ready, or a signal came: the next turn looks again
        if polled[0].revents != 0 { wakePipe.drain() }
        for entry in polled.dropFirst() where entry.revents != 0 {
            let revents = Int32(entry.revents)
            var events: Int32 = 0
            if revents & (POLLIN | POLLHUP) != 0 { events |= CURL_CSELECT_IN }
            if revents & POLLOUT != 0 { events |= CURL_CSELECT_OUT }
            if revents & (POLLERR | POLLNVAL) != 0 { events |= CURL_CSELECT_ERR }
            ready.append((entry.fd, events))
        }
    }
}
