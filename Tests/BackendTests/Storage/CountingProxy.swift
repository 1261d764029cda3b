import Glibc
import Synchronization

@testable import Backend

/// Passes one port of this machine on to another and counts how often the side that speaks changes.
final class CountingProxy: Sendable {
    private struct Storage {
        var turns = 0
        var connections = 0
        var isSilent = false
        var isClosed = false
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let storage = Mutex(Storage())

    init(to target: Int) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening, listen(listener, 64) == 0 else { throw RawConnection.Failure(call: "listen", number: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        BlockingThread { [self] in acceptAll() }.start()
    }

    /// How many round trips were made: each is one change of sides there and one back.
    var roundTrips: Int { storage.withLock { ($0.turns + 1) / 2 } }

    /// How many connections were made to it.
    var connections: Int { storage.withLock { $0.connections } }

    /// From now on nothing is passed on, and nobody is told.
    func fallSilent() {
        storage.withLock { $0.isSilent = true }
    }

    func close() {
        storage.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr = in_addr(s_addr: inet_addr("127.0.0.1"))
        return address
    }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            storage.withLock { $0.connections += 1 }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(target)
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else {
                Glibc.close(client)
                Glibc.close(server)
                continue
            }
            BlockingThread { [self] in pass(client, server) }.start()
        }
        Glibc.close(listener)
    }

    private func pass(_ client: Int32, _ server: Int32) {
        var descriptors = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var speaker = 1
        serving: while true {
            let (isSilent, isClosed) = storage.withLock { ($0.isSilent, $0.isClosed) }
            if isClosed { break }
            // While it is silent, the clock is all that is looked at.
            guard poll(&descriptors, isSilent ? 0 : 2, 20) > 0 else { continue }
            for side in 0..<2 where descriptors[side].revents != 0 {
                let count = recv(descriptors[side].fd, &chunk, chunk.count, 0)
                guard count > 0 else { break serving }
                if storage.withLock({ $0.isSilent }) { continue serving }
                if side != speaker {
                    speaker = side
                    storage.withLock { $0.turns += 1 }
                }
                var sent = 0
                while sent < count {
                    let more = chunk.withUnsafeBytes {
                        send(
                            descriptors[1 - side].fd, $0.baseAddress.map { $0 + sent }, count - sent,
                            Int32(MSG_NOSIGNAL))
                    }
                    guard more > 0 else { break serving }
                    sent += more
                }
            }
        }
        Glibc.close(client)
        Glibc.close(server)
    }
}
