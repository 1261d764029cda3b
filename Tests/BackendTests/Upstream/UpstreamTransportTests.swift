import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Observability
import Testing

@testable import Backend

@Suite("Connections to the model's servers", .timeLimit(.minutes(10)))
struct UpstreamTransportTests {
    /// Runs a client of `upstream` that tries each request once.
    private func run(
        _ script: @escaping RawUpstream.Script, connections: Int? = nil, variables: [String: String] = [:],
        _ test: @Sendable (UpstreamClient, RawUpstream) async throws -> Void
    ) async throws {
        try await RawUpstream.run(script) { upstream in
            let client = try Self.client(upstream, connections: connections, variables: variables)
            try await test(client, upstream)
            await client.transport?.shutDown()
        }
    }

    private static func client(
        _ upstream: RawUpstream, scheme: String = "http", host: String = "127.0.0.1", connections: Int? = nil,
        variables: [String: String] = [:], trustRoots: NIOSSLTrustRoots = .default
    ) throws -> UpstreamClient {
        let fixed = ["OPENAI_BASE_URL": "\(scheme)://\(host):\(upstream.port)/v1", "UPSTREAM_MAX_ATTEMPTS": "1"]
        let settings = try Settings(variables: variables.merging(fixed) { given, _ in given }).upstream
        let transport =
            connections.map { UpstreamTransport(settings, connectionLimit: $0, trustRoots: trustRoots) }
            ?? UpstreamTransport(settings, trustRoots: trustRoots)
        return UpstreamClient(
            settings: settings, registry: PrometheusRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, transport: transport)
    }

    private func text(_ client: UpstreamClient) async throws -> String {
        try await client.send(UpstreamFixture.request).body.text()
    }

    private func code(_ body: () async throws -> Void) async -> UpstreamError.Code? {
        do { try await body() } catch { return (error as? UpstreamError)?.code }
        return nil
    }

    @Test("A connection is kept for the next requests")
    func kept() async throws {
        try await run { _, request, channel in
            channel.answer("answer \(request)")
        } _: { (client, upstream) async throws in
            var answers: Set<String> = []
            for _ in 0..<20 { answers.insert(try await text(client)) }
            #expect(answers.contains("answer 1"))
            // One for each loop at most.
            #expect(upstream.connections <= System.coreCount)
        }
    }

    @Test("A server that says that it closes the connection is believed")
    func closing() async throws {
        try await run { _, _, channel in
            channel.answer("last", headers: "connection: close\r\n")
        } _: { (client, upstream) async throws in
            for _ in 0..<5 { #expect(try await text(client) == "last") }
            #expect(upstream.connections == 5)
        }
    }

    @Test("A kept connection that the server closes costs nobody an answer, nor an attempt")
    func stale() async throws {
        try await run { _, request, channel in
            // The next request on it is read and met by the end.
            if request == 0 { channel.answer("fresh") } else { channel.close(promise: nil) }
        } _: { (client, _) async throws in
            for _ in 0..<20 { #expect(try await text(client) == "fresh") }
        }
    }

    @Test("A connection that breaks after the first byte of an answer is an error, and the request is not sent again")
    func brokenHead() async throws {
        try await run { _, request, channel in
            guard request > 0 else { return channel.answer("first") }
            channel.say("HTTP/1.1 200 O")
            channel.close(promise: nil)
        } _: { (client, upstream) async throws in
            var failures = 0
            while failures == 0 {
                if await code({ _ = try await text(client) }) == .connectionLost { failures += 1 }
            }
            // Each connection answered one request, and one of them got another.
            #expect(upstream.requests == upstream.connections + 1)
        }
    }

    @Test(
        "A connection that ends in the middle of a body is an error, not the body's end",
        arguments: ["content-length: 100\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"])
    func cutBody(rest: String) async throws {
        try await run { _, _, channel in
            channel.say("HTTP/1.1 200 OK\r\n\(rest)")
            channel.close(promise: nil)
        } _: { (client, _) async throws in
            #expect(await code { _ = try await text(client) } == .connectionLost)
        }
    }

    @Test("A body without a length ends with the connection")
    func untilClose() async throws {
        try await run { _, _, channel in
            channel.say("HTTP/1.1 200 OK\r\n\r\nall of it")
            channel.close(promise: nil)
        } _: { (client, _) async throws in
            #expect(try await text(client) == "all of it")
        }
    }

    @Test(
        "What is not HTTP, and a head without an end, are errors",
        arguments: ["220 mail ESMTP\r\n", "HTTP/1.1 200 OK\r\nx: \(String(repeating: "x", count: 300_000))"])
    func nonsense(said: String) async throws {
        try await run { _, _, channel in
            channel.say(said)
        } _: { (client, upstream) async throws in
            #expect(await code { _ = try await text(client) } == .connectionLost)
            #expect(await eventually { upstream.openConnections == 0 })
        }
    }

    @Test("What is said without being asked ends a kept connection")
    func unasked() async throws {
        try await run { _, _, channel in
            // In one packet: what comes later cannot be told from the answer to the next request.
            channel.say(
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nasked"
                    + "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong")
        } _: { (client, _) async throws in
            for _ in 0..<10 { #expect(try await text(client) == "asked") }
        }
    }

    @Test("More requests than connections wait for one")
    func bounded() async throws {
        let limit = 2 * System.coreCount
        try await run(
            { _, _, channel in
                channel.eventLoop.scheduleTask(in: .milliseconds(2)) { channel.answer("yes") }
            }, connections: limit
        ) { (client, upstream) async throws in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 { group.addTask { try await text(client) } }
                for try await answer in group { #expect(answer == "yes") }
            }
            #expect(upstream.maximumOpen <= limit)
            #expect(upstream.requests == 200)
        }
    }

    @Test("A request that waits for a connection for too long fails")
    func waiting() async throws {
        try await run(
            { _, _, _ in }, connections: 1, variables: ["UPSTREAM_CONNECT_TIMEOUT": "0.5"]
        ) { (client, upstream) async throws in
            let refused = SharedCounter()
            // One for each loop at most, which never ends by itself, and many that get none.
            let tasks = (0..<20).map { _ in
                Task {
                    guard await code({ _ = try await text(client) }) == .unreachable else { return }
                    refused.add(1)
                }
            }
            #expect(await eventually { refused.value >= 20 - System.coreCount })
            #expect(upstream.requests <= System.coreCount)
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
            #expect(await eventually { upstream.openConnections == 0 })
        }
    }

    @Test("Cancelling a request closes its connection, so that there is room for another")
    func cancelled() async throws {
        let answers = SharedCounter()
        try await run(
            { _, _, channel in if answers.value > 0 { channel.answer("room") } }, connections: System.coreCount
        ) { (client, upstream) async throws in
            // Every loop's only connection stands still.
            let held = (0..<System.coreCount * 8).map { _ in Task { try? await client.send(UpstreamFixture.request) } }
            #expect(await eventually { upstream.requests >= System.coreCount })
            answers.add(1)
            for task in held { task.cancel() }
            for task in held { _ = await task.value }
            for _ in 0..<System.coreCount * 4 { #expect(try await text(client) == "room") }
        }
    }

    @Test("A reader that stands still has the server stand still")
    func backPressure() async throws {
        let sent = SharedCounter()
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)
        let total = 64 << 20
        try await run { _, _, channel in
            channel.say("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
            @Sendable func send() {
                guard sent.value < total else { return }
                channel.writeAndFlush(piece).whenSuccess {
                    sent.add(piece.readableBytes)
                    send()
                }
            }
            send()
        } _: { (client, _) async throws in
            let answer = try await client.send(UpstreamFixture.request)
            var iterator = answer.body.makeAsyncIterator()
            var read = try #require(try await iterator.next()).readableBytes
            // The kernel's buffers fill, and then nothing moves any more.
            var before = -1
            #expect(
                await eventually {
                    let now = sent.value
                    defer { before = now }
                    try? await Task.sleep(for: .milliseconds(300))
                    return now == before && now == sent.value
                })
            #expect(sent.value < total / 2)
            while let more = try await iterator.next() {
                #expect(more.readableBytes <= Exchange.limit + 4 * (1 << 20))
                read += more.readableBytes
            }
            #expect(read == total)
        }
    }

    @Test("A server whose certificate nobody vouches for gets no request; one of a trusted authority does")
    func certificates() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificates = try RedisCertificates(in: folder)
        let server = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificates.path("server.crt")).map {
                    .certificate($0)
                },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: certificates.path("server.key"), format: .pem))))
        try await RawUpstream.run({ $2.answer("private") }, on: "0.0.0.0", tls: server) { (upstream) async throws in
            let stranger = try Self.client(upstream, scheme: "https")
            #expect(await code { _ = try await text(stranger) } == .unreachable)
            #expect(upstream.requests == 0)
            let roots = NIOSSLTrustRoots.file(certificates.path("ca.crt"))
            let friend = try Self.client(upstream, scheme: "https", trustRoots: roots)
            #expect(try await text(friend) == "private")
            // The authority is right, and the address is another's.
            let misled = try Self.client(upstream, scheme: "https", host: "127.0.0.2", trustRoots: roots)
            #expect(await code { _ = try await text(misled) } == .unreachable)
            for client in [stranger, friend, misled] { await client.transport?.shutDown() }
        }
    }

    @Test("At the service's end a stream that is still open breaks")
    func shutDown() async throws {
        try await run { _, _, channel in
            channel.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        } _: { (client, upstream) async throws in
            let answer = try await client.send(UpstreamFixture.request)
            await client.transport?.shutDown()
            #expect(await code { _ = try await answer.body.text() } == .connectionLost)
            #expect(await code { _ = try await text(client) } == .connectionLost)
            #expect(await eventually { upstream.openConnections == 0 })
        }
    }
}
