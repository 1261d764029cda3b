import K8sClient

/// Makes an object of its protobuf form, by the field numbers of its schema.
enum ProtobufDecoding {
    typealias Malformed = ProtobufReader.Malformed

    /// Objects nest; a message that nests deeper than this was made to exhaust the stack.
    private static let maximumDepth = 100

    static func object(_ bytes: ArraySlice<UInt8>, _ schema: Schema) throws(Malformed) -> JSONValue {
        .object(try members(bytes, schema, prefix: [], depth: 0))
    }

    private static func members(
        _ bytes: ArraySlice<UInt8>, _ schema: Schema, prefix: [Int], depth: Int
    ) throws(Malformed) -> [String: JSONValue] {
        guard depth < maximumDepth else { throw Malformed(description: "proto: nested too deeply") }
        var reader = ProtobufReader(bytes)
        var result: [String: JSONValue] = [:]
        while let (number, value) = try reader.next() {
            let path = prefix + [number]
            if let name = schema.fieldNumbers[path], let member = schema.properties[name] {
                try add(value, to: &result[name], member, depth: depth + 1)
            } else if case .bytes(let inner) = value,
                schema.fieldNumbers.keys.contains(where: { $0.count > path.count && $0.starts(with: path) })
            {
                // A message that JSON does not show: its members stand among the others.
                let inlined = try members(inner, schema, prefix: path, depth: depth + 1)
                result.merge(inlined) { $1 }
            }
        }
        return result
    }

    private static func add(
        _ value: ProtobufReader.Value, to target: inout JSONValue?, _ schema: Schema, depth: Int
    ) throws(Malformed) {
        switch schema.kind {
        case .array:
            guard let items = schema.items else { return }
            var list = target?.array ?? []
            if case .bytes(let packed) = value, items.kind == .integer || items.kind == .boolean {
                var reader = ProtobufReader(packed)
                while !reader.isAtEnd { list.append(scalar(try reader.varint(), items)) }
            } else {
                list.append(try single(value, items, depth: depth))
            }
            target = .array(list)
        case .object where schema.additionalProperties != nil && schema.fieldNumbers.isEmpty:
            guard case .bytes(let entry) = value, let values = schema.additionalProperties else { return }
            var map = target?.object ?? [:]
            let (key, content) = try mapEntry(entry, values, depth: depth)
            map[key] = content
            target = .object(map)
        default:
            let decoded = try single(value, schema, depth: depth)
            // Protobuf writes out a text that nobody set; JSON leaves it out.
            target = decoded == "" ? Optional.none : decoded
        }
    }

    private static func mapEntry(_ bytes: ArraySlice<UInt8>, _ values: Schema, depth: Int)
        throws(Malformed) -> (String, JSONValue)
    {
        var reader = ProtobufReader(bytes)
        var key = ""
        var content: JSONValue?
        while let (number, value) = try reader.next() {
            switch (number, value) {
            case (1, .bytes(let text)): key = try string(text)
            // A map's lists are messages around them (`ExtraValue`), their items field 1.
            case (2, .bytes(let list)) where values.kind == .array:
                var inner = ProtobufReader(list)
                while let (_, item) = try inner.next() { try add(item, to: &content, values, depth: depth + 1) }
            case (2, let value): content = try single(value, values, depth: depth)
            default: continue
            }
        }
        return (key, content ?? (values.kind == .array ? [] : ""))
    }

    private static func single(_ value: ProtobufReader.Value, _ schema: Schema, depth: Int)
        throws(Malformed) -> JSONValue
    {
        switch value {
        case .varint(let number): return scalar(number, schema)
        case .fixed(let bits, let size):
            return .double(size == 8 ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(bits))))
        case .bytes(let bytes):
            switch schema.kind {
            case .string: return try text(bytes, format: schema.format)
            case .quantity: return .string(try field(1, of: bytes).map(string) ?? "0")
            case .intOrString: return try intOrString(bytes)
            case .any: return try raw(bytes)
            default: return .object(try members(bytes, schema, prefix: [], depth: depth))
            }
        }
    }

    private static func scalar(_ number: UInt64, _ schema: Schema) -> JSONValue {
        switch schema.kind {
        case .boolean: .bool(number != 0)
        default: .integer(Int64(bitPattern: number))
        }
    }

    private static func string(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(description: "proto: field contains invalid UTF-8")
        }
        return text
    }

    private static func text(_ bytes: ArraySlice<UInt8>, format: String?) throws(Malformed) -> JSONValue {
        switch format {
        case "byte": return .string(Base64.encode(bytes))
        case "date-time", "micro-time":
            var reader = ProtobufReader(bytes)
            var (seconds, nanoseconds) = (0, 0)
            var isSet = false
            while let (number, value) = try reader.next() {
                guard case .varint(let bits) = value, let amount = Int(exactly: Int64(bitPattern: bits)) else {
                    continue
                }
                isSet = true
                if number == 1 { seconds = amount } else if number == 2 { nanoseconds = amount }
            }
            // Beyond the year 9999 no time can be written.
            guard isSet, (-62_135_596_800...253_402_300_799).contains(seconds) else { return .null }
            return .string(
                Timestamp.format(seconds: seconds, microseconds: format == "micro-time" ? nanoseconds / 1000 : nil))
        default: return .string(try string(bytes))
        }
    }

    /// `type` (1), `intVal` (2) and `strVal` (3).
    private static func intOrString(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> JSONValue {
        var reader = ProtobufReader(bytes)
        var isString = false
        var (number, text) = (Int64(0), "")
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let kind)): isString = kind == 1
            case (2, .varint(let bits)): number = Int64(bitPattern: bits)
            case (3, .bytes(let bytes)): text = try string(bytes)
            default: continue
            }
        }
        return isString ? .string(text) : .integer(number)
    }

    /// JSON within protobuf (`RawExtension`, `FieldsV1`).
    private static func raw(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> JSONValue {
        guard let json = try field(1, of: bytes), let value = try? JSONValue(parsing: Array(json)) else { return .null }
        return value
    }

    private static func field(_ wanted: Int, of bytes: ArraySlice<UInt8>) throws(Malformed) -> ArraySlice<UInt8>? {
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            if number == wanted, case .bytes(let bytes) = value { return bytes }
        }
        return nil
    }
}
