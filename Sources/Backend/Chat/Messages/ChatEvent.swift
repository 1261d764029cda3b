import FoundationEssentials
import NIOCore

/// What clients are told while an answer comes, by events of a stream and by messages of a WebSocket alike.
enum ChatEvent: Sendable {
    /// The answer has begun. With the user's message when it was sent along.
    case created(Message, userMessage: Message?)
    /// UTF-8 text of the answer from `offset` on.
    case delta(message: UUID, offset: Int, [UInt8])
    /// The answer as it is stored: completed, incomplete or failed.
    case ended(Message)
    /// The conversation was deleted meanwhile.
    case deleted(message: UUID)

    /// The kind, as `event:` of a stream and `type` of the object say it.
    var type: String {
        switch self {
        case .created: "message.created"
        case .delta: "message.delta"
        case .deleted: "message.failed"
        case .ended(let message):
            switch message.status {
            case .completed, .inProgress: "message.completed"
            case .incomplete: "message.incomplete"
            case .failed: "message.failed"
            }
        }
    }

    /// The place after the event.
    var id: EventID {
        switch self {
        case .created(let message, _): EventID(message: message.id, offset: 0)
        case .delta(let message, let offset, let bytes): EventID(message: message, offset: offset + bytes.count)
        case .ended(let message): EventID(message: message.id, offset: message.content.utf8.count)
        case .deleted(let message): EventID(message: message, offset: 0)
        }
    }

    /// The object.
    /// - Parameter requestID: The name that the client gave to what the event answers; it comes with all but pieces of text.
    func write(to buffer: inout ByteBuffer, requestID: String? = nil) {
        switch self {
        case .delta(let message, let offset, let bytes):
            // The one event that there are many of: no encoder.
            buffer.writeString(#"{"type":"message.delta","event_id":""#)
            buffer.writeString("\(id)\",\"message_id\":\"\(message.text)\",\"offset\":\(offset),\"delta\":\"")
            bytes.withUnsafeBufferPointer { JSONWriter.writeEscaped($0, to: &buffer) }
            buffer.writeString("\"}")
        case .created(let message, let userMessage):
            write(
                Payload(
                    type: type, eventID: "\(id)", requestID: requestID, message: message, userMessage: userMessage),
                to: &buffer)
        case .ended(let message):
            write(Payload(type: type, eventID: "\(id)", requestID: requestID, message: message), to: &buffer)
        case .deleted(let message):
            write(
                Payload(
                    type: type, eventID: "\(id)", requestID: requestID,
                    error: .init(
                        messageID: message.text, code: "conversation_deleted", message: "The conversation was deleted.")
                ),
                to: &buffer)
        }
    }

    /// The event as a frame of a stream of server-sent events.
    func writeFrame(to buffer: inout ByteBuffer) {
        buffer.writeString("id: \(id)\nevent: \(type)\ndata: ")
        // JSON has no line ends outside of strings as written here, and none unescaped inside of them.
        write(to: &buffer)
        buffer.writeString("\n\n")
    }

    private struct Payload: Encodable {
        struct Failure: Encodable {
            let messageID: String
            let code: String
            let message: String

            enum CodingKeys: String, CodingKey {
                case code, message
                case messageID = "message_id"
            }
        }

        let type: String
        let eventID: String
        var requestID: String?
        var message: Message?
        var userMessage: Message?
        var error: Failure?

        enum CodingKeys: String, CodingKey {
            case type, message, error
            case eventID = "event_id"
            case requestID = "request_id"
            case userMessage = "user_message"
        }
    }

    private func write(_ payload: Payload, to buffer: inout ByteBuffer) {
        var object = JSONBody.encode(payload)
        buffer.writeBuffer(&object)
    }
}
