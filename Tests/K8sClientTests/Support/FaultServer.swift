import Foundation
import K8sClient
import Synchronization

/// A server on a port of its own that answers as a test says, also wrongly: half an answer, no end, nothing at all.
///
/// Plain sockets, one thread a connection. `stop()`, or letting go, closes every connection and the port.
final class FaultServer: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        let headers: [String: String]
        let body: [UInt8]

        var path: String { String(target.prefix { $0 != "?" }) }

        /// The query's values by name, decoded.
        var query: [String: String] {
            guard let items = URLComponents(string: target)?.queryItems else { return [:] }
            return Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
        }
    }

    enum Reply: Sendable {
        case json(Int, JSONValue, headers: [String: String] = [:])
        case text(Int, String, type: String = "text/plain")
        /// Bytes as they are, then the connection is closed.
        case raw(String)
        /// Whatever the closure writes, then the connection is closed.
        case custom(@Sendable (Connection) -> Void)

        static func list(
            _ items: [JSONValue], version: String, next: String? = nil, kind: String = "ConfigMapList"
        ) -> Reply {
            var metadata: JSONValue = ["resourceVersion": .string(version)]
            if let next { metadata["continue"] = .string(next) }
            return .json(
                200, ["kind": .string(kind), "apiVersion": "v1", "metadata": metadata, "items": .array(items)])
        }

        static func status(_ code: Int, _ reason: String, _ message: String, headers: [String: String] = [:]) -> Reply {
            .json(
                code,
                [
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
                    "message": .string(message), "code": JSONValue(code),
                ], headers: headers)
        }

        /// A watch: these events, then what the closure does with the open stream.
        static func watch(_ events: [String], then: @escaping @Sendable (Connection) -> Void = { _ in }) -> Reply {
            .custom { connection in
                connection.beginStream()
                for event in events { connection.chunk(event + "\n") }
                then(connection)
                connection.endStream()
            }
        }
    }

    /// One accepted connection, written to by one thread.
    final class Connection: Sendable {
        private let descriptor: Int32
        /// Held while the descriptor is shut down or closed: a closed one's number may already be another's.
        private let isOpen = Mutex(true)

        init(_ descriptor: Int32) {
            self.descriptor = descriptor
        }

        /// Writes everything; false when the peer has gone.
        @discardableResult
        func write(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        func beginStream() {
            write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        }

        @discardableResult
        func chunk(_ text: String) -> Bool { chunk(Array(text.utf8)) }

        @discardableResult
        func chunk(_ bytes: [UInt8]) -> Bool {
            write(Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A])
        }

        func endStream() { write("0\r\n\r\n") }

        /// Blocks until the peer closes its side. What it still sends is thrown away.
        func waitForClose() {
            var byte: [UInt8] = [0]
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }

        func readRequest(_ buffer: inout [UInt8]) -> Request? {
            let separator: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
            var end = Self.firstRange(of: separator, in: buffer)
            while end == nil {
                guard receive(&buffer) else { return nil }
                if buffer.first == 0x16 {
                    // The beginning of a TLS handshake: what a plain server has to say to that.
                    write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                    return nil
                }
                end = Self.firstRange(of: separator, in: buffer)
            }
            guard let end else { return nil }
            let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
            let first = lines[0].split(separator: " ")
            guard first.count == 3 else { return nil }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                    in: .whitespaces)
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            let bodyStart = end + separator.count
            while buffer.count < bodyStart + length { guard receive(&buffer) else { return nil } }
            let body = Array(buffer[bodyStart..<bodyStart + length])
            buffer.removeSubrange(..<(bodyStart + length))
            return Request(method: String(first[0]), target: String(first[1]), headers: headers, body: body)
        }

        private static func firstRange(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
            guard bytes.count >= pattern.count else { return nil }
            return (0...(bytes.count - pattern.count)).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
        }

        private func receive(_ buffer: inout [UInt8]) -> Bool {
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return false }
            buffer += bytes[..<count]
            return true
        }

        /// Ends both directions, which wakes whoever reads or writes.
        func shutDown() {
            isOpen.withLock { if $0 { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }

        func close() {
            isOpen.withLock { isOpen in
                if isOpen { _ = Foundation.close(descriptor) }
                isOpen = false
            }
        }
    }

    private struct State {
        var requests: [Request] = []
        var open: [ObjectIdentifier: Connection] = [:]
        var accepted = 0
        var isStopped = false
        var hasWatchList = false
    }

    let port: Int
    private let listener: Int32
    private let state: StateBox

    private final class StateBox: Sendable {
        let value = Mutex(State())
    }

    struct SocketError: Error {
        let code = errno
    }

    /// - Parameter hasWatchList: whether `answer` also answers watches that ask for the first list as events. Otherwise they are
    ///   refused as an older server does, and not counted among the requests.
    init(hasWatchList: Bool = false, _ answer: @escaping @Sendable (Request) -> Reply) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        guard listener >= 0 else { throw SocketError() }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &size) == 0
            }
        }
        guard bound else { throw SocketError() }
        port = Int(UInt16(bigEndian: address.sin_port))
        let state = StateBox()
        state.value.withLock { $0.hasWatchList = hasWatchList }
        self.state = state
        Thread.detachNewThread { Self.accept(listener, state, answer) }
    }

    deinit {
        stop()
    }

    private static func accept(
        _ listener: Int32, _ state: StateBox, _ answer: @escaping @Sendable (Request) -> Reply
    ) {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                close(listener)
                return
            }
            let connection = Connection(descriptor)
            let isStopped = state.value.withLock { state in
                state.accepted += 1
                if !state.isStopped { state.open[ObjectIdentifier(connection)] = connection }
                return state.isStopped
            }
            guard !isStopped else { return connection.close() }
            Thread.detachNewThread {
                serve(connection, state, answer)
                state.value.withLock { $0.open[ObjectIdentifier(connection)] = nil }
                connection.close()
            }
        }
    }

    private static func serve(
        _ connection: Connection, _ state: StateBox, _ answer: @Sendable (Request) -> Reply
    ) {
        var buffer: [UInt8] = []
        while let request = connection.readRequest(&buffer) {
            let isRefused = state.value.withLock { state in
                if request.query["sendInitialEvents"] != nil, !state.hasWatchList { return true }
                state.requests.append(request)
                return false
            }
            let reply: Reply =
                isRefused
                ? .status(
                    422, "Invalid",
                    "sendInitialEvents: Forbidden: forbidden for watch unless the WatchList feature gate")
                : answer(request)
            switch reply {
            case .json(let status, let value, let headers):
                let body = value.jsonBytes()
                connection.write(Array(head(status, "application/json", headers, body.count).utf8) + body)
            case .text(let status, let text, let type):
                connection.write(head(status, type, [:], text.utf8.count) + text)
            case .raw(let text):
                connection.write(text)
                return connection.shutDown()
            case .custom(let body):
                body(connection)
                return connection.shutDown()
            }
        }
    }

    private static func head(_ status: Int, _ type: String, _ headers: [String: String], _ length: Int) -> String {
        var head = "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        return head + "\r\n"
    }

    /// Every request so far, in order of arrival.
    var requests: [Request] { state.value.withLock { $0.requests } }

    /// How many connections are open.
    var openConnections: Int { state.value.withLock { $0.open.count } }

    /// How many connections have been accepted.
    var acceptedConnections: Int { state.value.withLock { $0.accepted } }

    var url: String { "http://127.0.0.1:\(port)" }

    func client(_ change: (inout ClientConfiguration) -> Void = { _ in }) -> KubernetesClient {
        var configuration = ClientConfiguration(server: url)
        change(&configuration)
        return KubernetesClient(configuration: configuration)
    }

    func stop() {
        let (open, first) = state.value.withLock { state in
            defer { state.isStopped = true }
            return (Array(state.open.values), !state.isStopped)
        }
        guard first else { return }
        // Wakes the thread in accept, which then closes the port.
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in open { connection.shutDown() }
    }
}

/// A ConfigMap as a server answers it.
func configMap(_ name: String, version: Int, data: [String: String] = [:]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": [
            "name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"),
            "resourceVersion": .string("\(version)"),
        ],
        "data": JSONValue(data),
    ]
}

/// One line of a watch.
func event(_ type: String, _ object: JSONValue) -> String {
    (["type": .string(type), "object": object] as JSONValue).jsonText
}

func bookmark(version: Int) -> String {
    event(
        "BOOKMARK",
        ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["resourceVersion": .string("\(version)")]])
}
