import K8sClient

/// An OpenAPI document of version 2 in protobuf (`openapi.v2.Document` of gnostic): the only form that clients before
/// Kubernetes 1.24 ask for. The parts that this server's documents have, no others.
enum OpenAPIProtobuf {
    static func document(_ document: JSONValue) -> [UInt8] {
        var message = Message()
        message.add(1, document["swagger"]?.string ?? "2.0")
        var info = Message()
        info.add(1, document["info", "title"]?.string ?? "")
        info.add(2, document["info", "version"]?.string ?? "")
        message.add(2, info)
        var paths = Message()
        for (path, item) in sorted(document["paths"]) {
            paths.add(2, named(path, pathItem(item)))
        }
        message.add(8, paths)
        var definitions = Message()
        for (name, definition) in sorted(document["definitions"]) {
            definitions.add(1, named(name, schema(definition)))
        }
        message.add(9, definitions)
        return message.bytes
    }

    /// A message under construction.
    private struct Message {
        private(set) var bytes: [UInt8] = []

        mutating func add(_ field: Int, _ content: [UInt8]) {
            varint(UInt64(field << 3 | 2))
            varint(UInt64(content.count))
            bytes += content
        }

        mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
        mutating func add(_ field: Int, _ message: Message) { add(field, message.bytes) }

        private mutating func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
    }

    private static func sorted(_ value: JSONValue?) -> [(String, JSONValue)] {
        (value?.object ?? [:]).sorted { $0.key < $1.key }
    }

    private static func named(_ name: String, _ value: Message) -> Message {
        var pair = Message()
        pair.add(1, name)
        pair.add(2, value)
        return pair
    }

    /// A value of any form, as YAML, which JSON is.
    private static func any(_ value: JSONValue) -> Message {
        var any = Message()
        any.add(2, value.jsonText)
        return any
    }

    private static func pathItem(_ item: JSONValue) -> Message {
        var message = Message()
        for (field, verb) in [(2, "get"), (3, "put"), (4, "post"), (8, "patch")] {
            if let operation = item[verb] { message.add(field, self.operation(operation)) }
        }
        return message
    }

    private static func operation(_ operation: JSONValue) -> Message {
        var message = Message()
        for parameter in operation["parameters"]?.array ?? [] {
            var query = Message()
            query.add(2, "query")
            query.add(4, parameter["name"]?.string ?? "")
            query.add(6, "string")
            var other = Message()
            other.add(3, query)
            var either = Message()
            either.add(2, other)
            var item = Message()
            item.add(1, either)
            message.add(8, item)
        }
        for (name, value) in sorted(operation) where name.hasPrefix("x-") { message.add(13, named(name, any(value))) }
        return message
    }

    private static func schema(_ schema: JSONValue) -> Message {
        var message = Message()
        for (field, name) in [(1, "$ref"), (2, "format"), (4, "description")] {
            if let text = schema[name]?.string { message.add(field, text) }
        }
        if let value = schema["default"] { message.add(5, any(value)) }
        for name in schema["required"]?.array ?? [] { message.add(19, name.string ?? "") }
        for value in schema["enum"]?.array ?? [] { message.add(20, any(value)) }
        if let values = schema["additionalProperties"] {
            var item = Message()
            item.add(1, self.schema(values))
            message.add(21, item)
        }
        if let type = schema["type"]?.string {
            var item = Message()
            item.add(1, type)
            message.add(22, item)
        }
        if let items = schema["items"] {
            var item = Message()
            item.add(1, self.schema(items))
            message.add(23, item)
        }
        if schema["properties"] != nil {
            var properties = Message()
            for (name, property) in sorted(schema["properties"]) {
                properties.add(1, named(name, self.schema(property)))
            }
            message.add(25, properties)
        }
        for (name, value) in sorted(schema) where name.hasPrefix("x-") { message.add(31, named(name, any(value))) }
        return message
    }
}
