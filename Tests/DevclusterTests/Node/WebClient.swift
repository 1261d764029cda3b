import NIOCore
import NIOHTTP1
import NIOPosix

/// Fetches a page over a new connection, as a client without keep-alive does.
enum WebClient {
    struct Failure: Error {}

    /// The status and the body, as `200 text`; an error when there is none within ten seconds.
    static func get(_ url: String) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask { try await fetch(url) }
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                throw Failure()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw Failure() }
            return first
        }
    }

    private static func fetch(_ url: String) async throws -> String {
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let parts = rest[..<slash].split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw Failure() }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .connect(host: String(parts[0]), port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: String(rest[slash...]),
                headers: ["Host": String(rest[..<slash]), "Connection": "close"])
            // In one: a quick server may have answered and closed before a second write.
            try await outbound.write(contentsOf: [.head(head), .end(nil)])
            var status: UInt = 0
            var body = ""
            for try await part in inbound {
                switch part {
                case .head(let head): status = head.status.code
                case .body(let buffer): body += String(buffer: buffer)
                case .end: return "\(status) \(body)"
                }
            }
            throw Failure()
        }
    }
}
