import CYAML

/// One event of libyaml's parser, as a Swift value.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(String, anchor: String?, isPlain: Bool, tag: String?)
        case sequenceStart(anchor: String?), sequenceEnd
        case mappingStart(anchor: String?), mappingEnd
    }

    let kind: Kind
    let line: Int
    let column: Int
}

/// libyaml's event parser over a text that it keeps alive.
///
/// Owns the `yaml_parser_t` and frees it; used by one caller at a time.
final class YAMLEventParser {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(YAML.SyntaxError) {
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: max(text.utf8.count, 1))
        _ = input.initialize(from: text.utf8)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            input.deallocate()
            throw YAML.SyntaxError(line: 1, column: 1, reason: "the YAML parser has no memory left")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, text.utf8.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(YAML.SyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(
            kind: Self.kind(event), line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    }

    private func failure() -> YAML.SyntaxError {
        let state = parser.pointee
        var reason = state.problem.map { String(cString: $0) } ?? "the text is not YAML"
        if let context = state.context { reason += " (\(String(cString: context)))" }
        // Reader errors (broken UTF-8, control characters) come without a mark but with the offset of the byte.
        if state.error == YAML_READER_ERROR {
            let read = input.prefix(Int(state.problem_offset))
            let line = read.count { $0 == 0x0A }
            let lineStart = read.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            return YAML.SyntaxError(line: line + 1, column: Int(state.problem_offset) - lineStart + 1, reason: reason)
        }
        return YAML.SyntaxError(
            line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1, reason: reason)
    }

    private static func kind(_ event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: scalar(event.data.scalar)
        case YAML_SEQUENCE_START_EVENT: .sequenceStart(anchor: text(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT: .mappingStart(anchor: text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: .streamEnd
        }
    }

    private static func scalar(_ scalar: yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar) -> YAMLEvent.Kind {
        .scalar(
            String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
            anchor: text(scalar.anchor), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: text(scalar.tag))
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
