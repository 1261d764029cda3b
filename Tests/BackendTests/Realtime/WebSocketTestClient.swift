import Foundation
import Testing

@testable import Backend

/// A WebSocket's client that says exactly what a test wants, right or wrong.
final class WebSocketTestClient: Sendable {
    struct Frame: Sendable {
        let opcode: UInt8
        let payload: [UInt8]

        /// A close frame's code.
        var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
    }

    private let connection: RawConnection
    /// The head of the answer to the request.
    let head: String

    /// - Parameter headers: Lines beyond those that every request for a WebSocket has.
    init(port: Int, headers: [String] = [], path: String = "/ws/chat") async throws {
        connection = try RawConnection(port: port)
        let lines = [
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        try await connection.send((lines + headers).joined(separator: "\r\n") + "\r\n\r\n")
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let byte = try await connection.receive(count: 1)
            if byte.isEmpty { break }
            bytes += byte
        }
        head = String(decoding: bytes, as: UTF8.self)
    }

    var status: String { String(head.dropFirst(9).prefix(3)) }

    /// The body of an answer that is no upgrade.
    func body() async throws -> String {
        let length = head.lowercased().firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
        return String(decoding: try await connection.receive(count: length), as: UTF8.self)
    }

    /// Sends a frame.
    /// - Parameter isMasked: Clients must; a test may not.
    func send(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true) async throws {
        let mask: [UInt8] = [1, 2, 3, 4]
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let flag: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.append(flag | UInt8(payload.count))
        case ..<65_536: frame += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [flag | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        if isMasked {
            frame += mask
            frame += payload.enumerated().map { $1 ^ mask[$0 % 4] }
        } else {
            frame += payload
        }
        try await connection.send(frame)
    }

    /// Sends so many pings of the service's own, whose answers are as large, until the peer reads no more.
    func flood(bytes: Int) async throws {
        let text = #"{"type":"ping","request_id":"\#(String(repeating: "x", count: 100))"}"#
        let length = text.utf8.count
        let frame: [UInt8] =
            [0x81, 0x80 | 126, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0, 0] + Array(text.utf8)
        let block = Array(repeatElement(frame, count: 500).joined())
        for _ in 0..<(bytes / block.count + 1) { try await connection.send(block) }
    }

    func send(_ text: String) async throws { try await send(1, Array(text.utf8)) }

    /// The next frame; nil when the peer has ended.
    func frame() async throws -> Frame? {
        let start = try await connection.receive(count: 2)
        guard start.count == 2 else { return nil }
        #expect(start[1] & 0x80 == 0, "servers do not mask")
        var length = Int(start[1] & 0x7F)
        if length >= 126 {
            let bytes = try await connection.receive(count: length == 126 ? 2 : 8)
            length = bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        return Frame(opcode: start[0] & 0x0F, payload: try await connection.receive(count: length))
    }

    /// The next message; nil when there is none any more.
    func message() async throws -> Message? {
        while let frame = try await frame() {
            if frame.opcode == 8 { return nil }
            guard frame.opcode == 1 else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any]
            return Message(json: object ?? [:])
        }
        return nil
    }

    /// The code of the close that comes; nil when the connection ends without one.
    func closeCode() async throws -> Int? {
        while let frame = try await frame() {
            if let code = frame.closeCode { return code }
        }
        return nil
    }

    func end() { connection.end() }

    struct Message: @unchecked Sendable {
        // A dictionary of JSON's own values, made once and never changed.
        let json: [String: Any]

        var type: String { json["type"] as? String ?? "" }
        var delta: String { json["delta"] as? String ?? "" }
        var requestID: String? { json["request_id"] as? String }
        var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
        var message: [String: Any] { json["message"] as? [String: Any] ?? [:] }
    }
}
