import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// The models that the servers offer, as they tell them; asked once a day.
struct ModelCatalog: Sendable {
    private static let bodyLimit = CacheRules.valueLimit

    let client: UpstreamClient
    let cache: any Cache

    /// Answers with the list.
    func list() async throws -> Response {
        Self.response(try await document())
    }

    /// Answers with one of the list.
    /// - Throws: ``APIError``, 404 when it is not there.
    func model(_ id: String) async throws -> Response {
        let document = try await document()
        guard let model = Self.find(id, in: document) else {
            throw APIError(
                status: .notFound, kind: .invalidRequest, code: "model_not_found",
                message: "There is no such model.", param: "model")
        }
        return Self.response(model)
    }

    private static func response(_ body: ByteBuffer) -> Response {
        Response(status: .ok, headers: [.contentType: JSONBody.contentType], body: ResponseBody(byteBuffer: body))
    }

    private func document() async throws -> ByteBuffer {
        do {
            let bytes = try await cache.getOrCompute(.models("list")) { [client] in try await Self.fetch(client) }
            return ByteBuffer(bytes: bytes ?? [])
        } catch let error as UpstreamError {
            throw APIError(error)
        }
    }

    private static func fetch(_ client: UpstreamClient) async throws -> [UInt8] {
        let answer = try await client.send(UpstreamRequest(method: .get, path: "/models"))
        let body = try await answer.body.collect(upTo: bodyLimit)
        guard answer.status == .ok, find(nil, in: body) != nil else {
            throw UpstreamError(
                .connectionLost, "The model's server did not tell its models.", detail: "status \(answer.status.code)")
        }
        return Array(body.readableBytesView)
    }

    /// The model with that id in a list, as it is there; with no id, the list itself if it is one.
    private static func find(_ id: String?, in list: ByteBuffer) -> ByteBuffer? {
        var found: Range<Int>?
        let isList = list.withUnsafeReadableBytes { bytes -> Bool in
            var scanner = JSONScanner(bytes)
            var hasData = false
            do {
                try scanner.object { scanner, name throws(JSONScanner.Failure) in
                    guard scanner.equals(name, "data"), try scanner.kind() == .array else { return try scanner.skip() }
                    hasData = true
                    try scanner.array { scanner throws(JSONScanner.Failure) in
                        _ = try scanner.kind()
                        let start = scanner.position
                        if try Self.name(of: &scanner) == id, id != nil { found = start..<scanner.position }
                    }
                }
                return hasData
            } catch {
                return false  // Not JSON: no list.
            }
        }
        guard isList else { return nil }
        guard id != nil else { return list }
        return found.flatMap { list.getSlice(at: list.readerIndex + $0.lowerBound, length: $0.count) }
    }

    private static func name(of scanner: inout JSONScanner) throws(JSONScanner.Failure) -> String? {
        guard try scanner.kind() == .object else {
            try scanner.skip()
            return nil
        }
        var id: String?
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            if scanner.equals(name, "id"), try scanner.kind() == .string {
                id = scanner.text(try scanner.string())
            } else {
                try scanner.skip()
            }
        }
        return id
    }
}
