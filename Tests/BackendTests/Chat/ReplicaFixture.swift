import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Observability
import ServiceLifecycle
import Testing

@testable import Backend

/// One replica of the service, on a port of its own.
struct Replica: Sendable {
    let port: Int
    let chat: ChatServices
    let group: ServiceGroup
}

/// Any number of replicas in one process, on one database.
struct ReplicaFixture: Sendable {
    var database: any Database
    var model: any CompletionModel
    var policy = GenerationPolicy()
    /// The Redis through which they hear of each other; nil for none.
    var redis: RedisConfiguration?
    var settings: [String: String] = [:]
    var limits = UsageLimits.test()
    var finishDeadline = Duration.seconds(30)
    var webSocketLimits = WebSocketConnectionHandler.Limits()
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A file that replicas, and processes, can share.
    static func withFile(_ test: @Sendable (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chat-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await test(folder.appendingPathComponent("app.db").path)
    }

    /// Runs the replicas, and ends them after the test.
    func run(_ count: Int = 1, _ test: @Sendable ([Replica]) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            var replicas: [Replica] = []
            for _ in 0..<count {
                let registry = PrometheusRegistry()
                let shared = try CacheServices(
                    redis: redis, replication: .several, registry: registry, logger: Self.logger)
                let chat = ChatServices(
                    store: Store(database: database), authenticator: TrustingAuthenticator(), model: model,
                    limits: limits, metrics: CompletionMetrics(registry: registry), bus: shared.bus,
                    cache: shared.cache,
                    defaultModel: "test-model", policy: policy, logger: Self.logger)
                let services = BackendServices(
                    routes: chat.routes, background: shared.services + chat.background, dependencies: [], chat: chat)
                let (ports, announce) = AsyncStream.makeStream(of: Int.self)
                let variables = ["PORT": "0", "HOST": "127.0.0.1"].merging(settings) { _, given in given }
                var server = BackendServer(
                    settings: try Settings(variables: variables), registry: registry, services: services,
                    logger: Self.logger)
                server.webSocketLimits = webSocketLimits
                server.onReady = { address in announce.yield(address?.port ?? 0) }
                let group = server.makeServiceGroup(finishDeadline: finishDeadline)
                tasks.addTask {
                    defer { announce.finish() }
                    do {
                        try await group.run()
                    } catch is CancellationError {
                        // How the group says that it had to cancel.
                    }
                }
                let port = try #require(await ports.first { _ in true })
                replicas.append(Replica(port: port, chat: chat, group: group))
            }
            do {
                try await test(replicas)
            } catch {
                for replica in replicas { await replica.group.triggerGracefulShutdown() }
                throw error
            }
            for replica in replicas { await replica.group.triggerGracefulShutdown() }
            try await tasks.waitForAll()
        }
    }
}

/// A user in front of a replica.
struct ReplicaClient: Sendable {
    let port: Int
    let user: UUID
    /// A real credential, for a process of its own.
    var token: String?
    var authorization: String { "Bearer \(token ?? user.text)" }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: ByteBuffer

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) as? [String: Any] ?? [:]
        }

        var id: String { json["id"] as? String ?? "" }
        var list: [[String: Any]] { json["data"] as? [[String: Any]] ?? [] }
        var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
        var message: [String: Any] { json["message"] as? [String: Any] ?? [:] }
    }

    /// The same user elsewhere.
    func at(_ replica: Replica) -> ReplicaClient { at(port: replica.port) }

    func at(port: Int) -> ReplicaClient { ReplicaClient(port: port, user: user, token: token) }

    func request(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:]
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/conversations\(path)")
        request.method = method
        request.headers = ["authorization": authorization]
        request.headers.add(contentsOf: headers)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        return request
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(
            request(method, path, body, headers: headers), timeout: .seconds(60))
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            body: try await response.body.collect(upTo: 16 * 1024 * 1024))
    }

    func get(_ path: String) async throws -> Answer { try await send(.GET, path) }
    func post(_ path: String, _ body: String? = nil) async throws -> Answer { try await send(.POST, path, body) }

    /// A new conversation.
    func conversation() async throws -> String { try await post("", "{}").id }

    /// An open stream of events.
    func events(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> EventReader {
        var request = request(method, path, body, headers: headers)
        request.headers.add(name: "accept", value: "text/event-stream")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        guard response.status == .ok else {
            let body = try await response.body.collect(upTo: 65_536)
            throw Refused(status: Int(response.status.code), body: String(buffer: body))
        }
        return EventReader(body: response.body, headers: response.headers)
    }

    struct Refused: Error {
        let status: Int
        let body: String
    }

    /// The message as it is once it is finished.
    func finished(_ message: String, in conversation: String) async throws -> [String: Any] {
        var found: [String: Any] = [:]
        _ = try await eventually {
            found = try await get("/\(conversation)/messages/\(message)").json
            return found["status"] as? String != "in_progress"
        }
        return found
    }
}

/// Events of a stream; the connection is closed when it is let go of.
final class EventReader {
    struct Event: @unchecked Sendable {
        // A dictionary of JSON's own values, made once and never changed.
        let json: [String: Any]
        let id: String
        let type: String

        var delta: String { json["delta"] as? String ?? "" }
        var message: [String: Any] { json["message"] as? [String: Any] ?? [:] }
    }

    let headers: HTTPHeaders
    private var pieces: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator
    private let reading: Task<Void, Never>
    private var parser = EventFrameParser()

    init(body: HTTPClientResponse.Body, headers: HTTPHeaders) {
        self.headers = headers
        let (pieces, source) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        self.pieces = pieces.makeAsyncIterator()
        reading = Task {
            do {
                for try await piece in body { source.yield(piece) }
                source.finish()
            } catch {
                source.finish(throwing: error)
            }
        }
    }

    deinit { reading.cancel() }

    /// Closes the connection.
    func close() { reading.cancel() }

    func next() async throws -> Event? {
        while true {
            while let frame = try parser.next() {
                guard let data = frame.data, let type = frame.event else { continue }
                let json = try JSONSerialization.jsonObject(with: Data(data.readableBytesView)) as? [String: Any] ?? [:]
                let id = String(buffer: frame.bytes).split(separator: "\n").first { $0.hasPrefix("id: ") }
                return Event(json: json, id: String(id?.dropFirst(4) ?? ""), type: type)
            }
            guard let piece = try await pieces.next(isolation: #isolation) else { return nil }
            parser.append(piece)
        }
    }

    /// All events that are left.
    func rest() async throws -> [Event] {
        var events: [Event] = []
        while let event = try await next() { events.append(event) }
        return events
    }
}

extension [EventReader.Event] {
    var text: String { map(\.delta).joined() }
}
