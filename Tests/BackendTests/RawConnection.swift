import Dispatch
import Glibc

/// A TCP connection on which a test says exactly what it wants, when it wants.
///
/// Its calls block a thread of their own and not the tests' executor, on which the server under test runs too.
final class RawConnection: Sendable {
    struct Failure: Error {
        let call: String
        let number: Int32
    }

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "raw-connection")

    /// Connects to a port of this machine.
    init(port: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", number: errno) }
        self.descriptor = descriptor
        // No answer within this time is a failed test.
        var timeout = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr = in_addr(s_addr: inet_addr("127.0.0.1"))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(call: "connect", number: errno) }
    }

    deinit { close(descriptor) }

    /// Tells the peer that nothing more comes, and that nothing more is read.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Sends all of `text`.
    func send(_ text: String) async throws {
        try await blocking { [descriptor] in
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(call: "send", number: errno) }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    /// Receives until the text so far satisfies `isEnough` or the peer ends.
    func receive(until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }) async throws -> String {
        try await blocking { [descriptor] in
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count >= 0 else { throw Failure(call: "recv", number: errno) }
                bytes.append(contentsOf: chunk[..<count])
                let text = String(decoding: bytes, as: UTF8.self)
                if count == 0 || isEnough(text) { return text }
            }
        }
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8]) async throws {
        try await blocking { [descriptor] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(call: "send", number: errno) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Receives exactly so many bytes; fewer when the peer ends.
    func receive(count: Int) async throws -> [UInt8] {
        try await blocking { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let received = bytes.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress?.advanced(by: filled), count - filled, 0)
                }
                guard received >= 0 else { throw Failure(call: "recv", number: errno) }
                if received == 0 { break }
                filled += received
            }
            return Array(bytes[..<filled])
        }
    }

    /// Receives up to so many bytes; fewer when the peer ends, or when what came ends in `end`, with some bytes of framing after it.
    func receive(count: Int, orUntil end: String) async throws -> [UInt8] {
        try await blocking { [descriptor] in
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while bytes.count < count {
                let received = recv(descriptor, &chunk, chunk.count, 0)
                guard received >= 0 else { throw Failure(call: "recv", number: errno) }
                bytes.append(contentsOf: chunk[..<received])
                if received == 0 || String(decoding: bytes.suffix(64), as: UTF8.self).contains(end) { break }
            }
            return bytes
        }
    }

    /// The whole answer to one request on a connection of its own.
    static func exchange(_ request: String, port: Int) async throws -> String {
        let connection = try RawConnection(port: port)
        try await connection.send(request)
        return try await connection.receive()
    }

    /// The answer to a GET on a connection of its own.
    static func get(_ path: String, port: Int) async throws -> String {
        try await exchange("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", port: port)
    }

    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Waits until the service says that it is ready: it listens before its schema is in place.
    static func isReady(port: Int) async -> Bool {
        await eventually { (try? await get("/health/ready", port: port).hasPrefix("HTTP/1.1 200 ")) == true }
    }
}
