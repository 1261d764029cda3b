import CYAML

/// libyaml's emitter, writing into memory. Owns the `yaml_emitter_t` and frees it; writes one document.
final class YAMLEmitter {
    private let emitter: UnsafeMutablePointer<yaml_emitter_t>
    private var output: [UInt8] = []

    init() {
        emitter = .allocate(capacity: 1)
        emitter.initialize(to: yaml_emitter_t())
    }

    deinit {
        yaml_emitter_delete(emitter)
        emitter.deallocate()
    }

    /// The value as a block-style document. libyaml refuses only when memory runs out; the text is then cut short.
    func emit(_ value: JSONValue) -> String {
        guard yaml_emitter_initialize(emitter) == 1 else { return "" }
        yaml_emitter_set_unicode(emitter, 1)
        yaml_emitter_set_width(emitter, -1)
        yaml_emitter_set_output(
            emitter,
            { context, bytes, count in
                guard let context, let bytes else { return 0 }
                let emitter = Unmanaged<YAMLEmitter>.fromOpaque(context).takeUnretainedValue()
                emitter.output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
                return 1
            }, Unmanaged.passUnretained(self).toOpaque())

        send { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
        send { yaml_document_start_event_initialize(&$0, nil, nil, nil, 1) }
        write(value)
        send { yaml_document_end_event_initialize(&$0, 1) }
        send { yaml_stream_end_event_initialize(&$0) }
        yaml_emitter_flush(emitter)
        return String(decoding: output, as: UTF8.self)
    }

    private func write(_ value: JSONValue) {
        switch value {
        case .null: write(plain: "null")
        case .bool(let value): write(plain: value ? "true" : "false")
        case .integer(let value): write(plain: String(value))
        case .double: write(plain: value.jsonText)
        case .string(let text): write(text: text)
        case .array(let items):
            let style = items.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
            send { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, style) }
            for item in items { write(item) }
            send { yaml_sequence_end_event_initialize(&$0) }
        case .object(let members):
            let style = members.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
            send { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, style) }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                write(text: name)
                write(member)
            }
            send { yaml_mapping_end_event_initialize(&$0) }
        }
    }

    private func write(text: String) {
        // As a key, a plain << would be read as a merge.
        if case .string = YAMLScalar.resolve(text), text != "<<" {
            let isBlock = text.contains("\n") && !text.hasPrefix(" ") && !text.hasPrefix("\n")
            write(scalar: text, isBlock ? YAML_LITERAL_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE)
        } else {
            write(scalar: text, YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        }
    }

    private func write(plain text: String) {
        write(scalar: text, YAML_PLAIN_SCALAR_STYLE)
    }

    private func write(scalar text: String, _ style: yaml_scalar_style_t) {
        var text = text
        text.withUTF8 { bytes in
            send { event in
                yaml_scalar_event_initialize(
                    &event, nil, nil, UnsafeMutablePointer(mutating: bytes.baseAddress), Int32(bytes.count), 1, 1, style
                )
            }
        }
    }

    /// Emits one event; the emitter takes it over and frees it.
    private func send(_ make: (inout yaml_event_t) -> Int32) {
        var event = yaml_event_t()
        if make(&event) == 1 { yaml_emitter_emit(emitter, &event) }
    }
}
