import NIOCore

/// Reads RESP values from bytes as they arrive, in any pieces.
///
/// Each byte is looked at once however the pieces fall: what is begun is kept on a stack and not read again. Streamed strings
/// and aggregates (`$?`), which no Redis sends, count as malformed; attributes are read and left out.
struct RESPParser: Sendable {
    /// Bounds on one value, far above what our commands are answered with: they only stop a server that is none.
    struct Limits: Sendable {
        var depth = 16
        var lineLength = 64 * 1_024
        var bulkLength = 16 * 1_024 * 1_024
        /// Elements of all aggregates of a value together.
        var elements = 100_000
        /// Bytes of a value, attributes before it included.
        var bytes = 64 * 1_024 * 1_024
    }

    private enum AggregateKind: Sendable {
        case array, set, map, push, attribute
    }

    /// An aggregate that is not complete yet.
    private struct Aggregate: Sendable {
        let kind: AggregateKind
        let count: Int
        var elements: [RESPValue] = []

        var value: RESPValue {
            switch kind {
            case .array: .array(elements)
            case .set: .set(elements)
            case .map, .attribute: .map(elements)
            case .push: .push(elements)
            }
        }
    }

    private enum BulkKind: Sendable {
        case string, error, verbatim
    }

    /// What a line or a bulk's content turned out to be.
    private enum Token {
        case value(RESPValue)
        /// The head of an aggregate or of a bulk, or an attribute without content: more is needed.
        case opened
        case incomplete
    }

    private let limits: Limits
    private var buffer = ByteBuffer()
    /// How many readable bytes are known to hold no end of line.
    private var scanned = 0
    private var bulk: (kind: BulkKind, length: Int)?
    private var stack: [Aggregate] = []
    private var usedBytes = 0
    private var usedElements = 0
    private var failure: RESPError?

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole value; nil when more bytes are needed.
    /// - Throws: For input that is not RESP, now and at every later call.
    mutating func next() throws(RESPError) -> RESPValue? {
        if let failure { throw failure }
        do {
            return try parse()
        } catch {
            failure = error
            buffer = ByteBuffer()
            stack = []
            throw error
        }
    }

    private mutating func parse() throws(RESPError) -> RESPValue? {
        while true {
            switch try bulk == nil ? head() : content() {
            case .incomplete: return nil
            case .opened: continue
            case .value(let value):
                guard let whole = fold(value) else { continue }
                usedBytes = 0
                usedElements = 0
                return whole
            }
        }
    }

    /// Puts a complete value where it belongs; returns it when it, or the outermost aggregate that it completes, is a whole one.
    private mutating func fold(_ value: RESPValue) -> RESPValue? {
        var value = value
        while var top = stack.popLast() {
            top.elements.append(value)
            guard top.elements.count == top.count else {
                stack.append(top)
                return nil
            }
            // An attribute stands before the value that it is about, and is not one itself.
            if top.kind == .attribute { return nil }
            value = top.value
        }
        return value
    }
}

extension RESPParser {
    /// Reads a line: a whole value, or the head of a longer one.
    private mutating func head() throws(RESPError) -> Token {
        guard let line = try line() else { return .incomplete }
        guard let type = line.first else { throw RESPError("an empty line where a value should begin") }
        let rest = line.dropFirst()
        switch type {
        case UInt8(ascii: "+"): return .value(.simpleString(String(decoding: rest, as: UTF8.self)))
        case UInt8(ascii: "-"): return .value(.error(String(decoding: rest, as: UTF8.self)))
        case UInt8(ascii: ":"): return .value(.integer(try Self.integer(rest)))
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw RESPError("a null with content") }
            return .value(.null)
        case UInt8(ascii: "#"):
            switch String(decoding: rest, as: UTF8.self) {
            case "t": return .value(.boolean(true))
            case "f": return .value(.boolean(false))
            default: throw RESPError("a boolean that is neither t nor f")
            }
        case UInt8(ascii: ","):
            // Swift reads what the protocol allows here: digits, exponents, inf and nan.
            guard let value = Double(String(decoding: rest, as: UTF8.self)) else {
                throw RESPError("a double that is no number")
            }
            return .value(.double(value))
        case UInt8(ascii: "("):
            let digits = rest.first == UInt8(ascii: "-") ? rest.dropFirst() : rest
            guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw RESPError("a big number that is no number")
            }
            return .value(.bigNumber(String(decoding: rest, as: UTF8.self)))
        case UInt8(ascii: "$"): return try open(.string, length: Self.integer(rest))
        case UInt8(ascii: "!"): return try open(.error, length: Self.integer(rest))
        case UInt8(ascii: "="): return try open(.verbatim, length: Self.integer(rest))
        case UInt8(ascii: "*"): return try open(.array, count: Self.integer(rest))
        case UInt8(ascii: "~"): return try open(.set, count: Self.integer(rest))
        case UInt8(ascii: "%"): return try open(.map, count: Self.integer(rest))
        case UInt8(ascii: ">"): return try open(.push, count: Self.integer(rest))
        case UInt8(ascii: "|"): return try open(.attribute, count: Self.integer(rest))
        default: throw RESPError("a value of an unknown type")
        }
    }

    private mutating func open(_ kind: BulkKind, length: Int64) throws(RESPError) -> Token {
        // Version 2 has no other null.
        if kind == .string && length == -1 { return .value(.null) }
        guard length >= 0 else { throw RESPError("a string of negative length") }
        guard length <= limits.bulkLength else { throw RESPError("a string above \(limits.bulkLength) bytes") }
        guard kind != .verbatim || length >= 4 else { throw RESPError("a verbatim string without format") }
        bulk = (kind, Int(length))
        return .opened
    }

    private mutating func open(_ kind: AggregateKind, count: Int64) throws(RESPError) -> Token {
        if kind == .array && count == -1 { return .value(.null) }
        guard count >= 0 else { throw RESPError("an aggregate of negative size") }
        guard count <= limits.elements else { throw RESPError("an aggregate above \(limits.elements) elements") }
        let count = kind == .map || kind == .attribute ? 2 * Int(count) : Int(count)
        usedElements += count
        guard usedElements <= limits.elements else { throw RESPError("a value above \(limits.elements) elements") }
        guard kind != .push || stack.isEmpty else { throw RESPError("a push inside another value") }
        guard count > 0 else {
            return kind == .attribute ? .opened : .value(Aggregate(kind: kind, count: 0).value)
        }
        guard stack.count < limits.depth else { throw RESPError("aggregates nested deeper than \(limits.depth)") }
        // Nothing is set aside for the elements: the count is only what the server says.
        stack.append(Aggregate(kind: kind, count: count))
        return .opened
    }

    /// Reads the content of a bulk whose head was read.
    private mutating func content() throws(RESPError) -> Token {
        guard let bulk, buffer.readableBytes >= bulk.length + 2 else { return .incomplete }
        guard let bytes = buffer.readBytes(length: bulk.length), buffer.readBytes(length: 2) == [0x0D, 0x0A] else {
            throw RESPError("a string that does not end where it should")
        }
        try use(bulk.length + 2)
        self.bulk = nil
        switch bulk.kind {
        case .string: return .value(.bulkString(bytes))
        case .error: return .value(.error(String(decoding: bytes, as: UTF8.self)))
        case .verbatim:
            guard bytes[3] == UInt8(ascii: ":") else { throw RESPError("a verbatim string without format") }
            return .value(.bulkString(Array(bytes[4...])))
        }
    }

    /// The next line without its end; nil when it is not whole yet.
    private mutating func line() throws(RESPError) -> ByteBufferView? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(scanned).firstIndex(of: 0x0A) else {
            scanned = view.count
            guard scanned <= limits.lineLength else { throw RESPError("a line above \(limits.lineLength) bytes") }
            return nil
        }
        let length = end - view.startIndex
        scanned = 0
        guard length <= limits.lineLength else { throw RESPError("a line above \(limits.lineLength) bytes") }
        buffer.moveReaderIndex(forwardBy: length + 1)
        try use(length + 1)
        let line = view[view.startIndex..<end]
        // A line ends in CR LF, and neither of the two stands anywhere else in it.
        guard line.firstIndex(of: 0x0D) == line.endIndex - 1, !line.isEmpty else {
            throw RESPError("a line that does not end in CR LF")
        }
        return line.dropLast()
    }

    private mutating func use(_ count: Int) throws(RESPError) {
        usedBytes += count
        guard usedBytes <= limits.bytes else { throw RESPError("a value above \(limits.bytes) bytes") }
    }

    private static func integer(_ digits: ByteBufferView) throws(RESPError) -> Int64 {
        let isNegative = digits.first == UInt8(ascii: "-")
        let magnitude = isNegative || digits.first == UInt8(ascii: "+") ? digits.dropFirst() : digits
        guard !magnitude.isEmpty else { throw RESPError("an integer without digits") }
        var value: Int64 = 0
        for digit in magnitude {
            guard (0x30...0x39).contains(digit) else { throw RESPError("an integer that is no number") }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let step = Int64(digit - 0x30)
            let (next, carried) =
                isNegative ? shifted.subtractingReportingOverflow(step) : shifted.addingReportingOverflow(step)
            guard !overflowed, !carried else { throw RESPError("an integer beyond 64 bits") }
            value = next
        }
        return value
    }
}
