import NIOCore

/// A command and its arguments, as an array of bulk strings on the wire.
///
/// Its description is the command's name alone: arguments may be secret.
struct RedisCommand: Sendable, CustomStringConvertible {
    enum Argument: Sendable, ExpressibleByStringLiteral {
        case text(String)
        case bytes([UInt8])
        case integer(Int64)

        init(stringLiteral value: String) { self = .text(value) }
    }

    let name: String
    let arguments: [Argument]

    init(_ name: String, _ arguments: [Argument] = []) {
        self.name = name
        self.arguments = arguments
    }

    var description: String { name }

    /// About how many bytes it takes on the wire.
    var size: Int {
        arguments.reduce(name.utf8.count + 16) { sum, argument in
            switch argument {
            case .text(let text): sum + text.utf8.count + 16
            case .bytes(let bytes): sum + bytes.count + 16
            case .integer: sum + 24
            }
        }
    }

    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(arguments.count + 1)\r\n$\(name.utf8.count)\r\n\(name)\r\n")
        for argument in arguments {
            switch argument {
            case .text(let text):
                buffer.writeString("$\(text.utf8.count)\r\n")
                buffer.writeString(text)
            case .bytes(let bytes):
                buffer.writeString("$\(bytes.count)\r\n")
                buffer.writeBytes(bytes)
            case .integer(let value):
                let digits = String(value)
                buffer.writeString("$\(digits.utf8.count)\r\n")
                buffer.writeString(digits)
            }
            buffer.writeStaticString("\r\n")
        }
    }
}
