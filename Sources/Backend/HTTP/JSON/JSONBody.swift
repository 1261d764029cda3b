import FoundationEssentials
import Hummingbird
import NIOCore

/// Bodies of answers in JSON.
enum JSONBody {
    static let contentType = "application/json; charset=utf-8"

    /// A value of ours as JSON, members in a fixed order.
    static func encode(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return ByteBuffer(bytes: try encoder.encode(value))
        } catch {
            // Values of ours hold strings, integers and booleans; only a number that is not finite cannot be written.
            assertionFailure("\(error)")
            return ByteBuffer(string: "{}")
        }
    }

    /// An answer that holds what was written.
    static func response(_ json: JSONWriter, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: json.buffer))
    }

    /// An answer that holds `value`.
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: encode(value)))
    }
}
