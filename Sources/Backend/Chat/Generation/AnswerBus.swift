import FoundationEssentials
import NIOCore

/// What replicas say to each other about answers. All of it is in the database too: a message only makes it faster.
struct AnswerBus: Sendable {
    /// To whichever replica generates an answer.
    struct Request: Codable, Sendable {
        var stop: UUID?
        var follow: UUID?
    }

    /// From the replica that generates an answer to those that read along.
    struct Progress: Codable, Sendable {
        var offset: Int?
        var text: String?
        var hasEnded: Bool?
    }

    static let requests = BusChannel("chat.requests")

    let bus: any MessageBus

    static func progress(of message: UUID) -> BusChannel { BusChannel("chat.answers.\(message.text)") }

    func publish(_ request: Request) async {
        await bus.publish(Self.encode(request), to: Self.requests)
    }

    func publish(_ progress: Progress, of message: UUID) async {
        await bus.publish(Self.encode(progress), to: Self.progress(of: message))
    }

    /// - Returns: Nil for what another version may have sent.
    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    private static func encode(_ value: some Encodable) -> [UInt8] {
        Array(JSONBody.encode(value).readableBytesView)
    }
}
