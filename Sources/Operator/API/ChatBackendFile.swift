import K8sClient

/// Why a file of ChatBackends cannot be used; the description is one sentence for the terminal.
struct FileError: Error, CustomStringConvertible {
    let description: String
}

extension ChatBackend {
    /// Reads every ChatBackend of a YAML (or JSON) text, as strictly as an API server asked to validate strictly.
    /// - Parameter origin: the file's name, for errors.
    /// - Throws: `FileError` naming file, line and what to do.
    static func read(_ text: String, origin: String) throws(FileError) -> [ChatBackend] {
        let documents: [YAML.Document]
        do {
            documents = try YAML.parse(text)
        } catch {
            throw FileError(description: "\(origin): \(error)")
        }
        guard !documents.isEmpty else { throw FileError(description: "\(origin): there is no ChatBackend in it") }
        var backends: [ChatBackend] = []
        for document in documents {
            backends.append(try read(document, origin: origin))
        }
        return backends
    }

    private static func read(_ document: YAML.Document, origin: String) throws(FileError) -> ChatBackend {
        let place = "\(origin), line \(document.line)"
        let kind = document.value["kind"]?.string ?? "(none)"
        let apiVersion = document.value["apiVersion"]?.string ?? "(none)"
        guard kind == Self.kind, apiVersion == Self.apiVersion else {
            throw FileError(
                description: "\(place): the kind \(kind) of \(apiVersion) is not known here; write kind: \(Self.kind) "
                    + "and apiVersion: \(Self.apiVersion)")
        }
        let backend: ChatBackend
        do {
            backend = try document.value.decode(ChatBackend.self)
        } catch {
            throw FileError(description: "\(place): \(error)")
        }
        if let invalid = backend.invalidSpec { throw FileError(description: "\(place): \(invalid)") }
        guard !backend.name.isEmpty else {
            throw FileError(description: "\(place): metadata.name is missing; give the ChatBackend a name")
        }
        if let unknown = unknownField(in: document.value["spec"], of: backend.spec) {
            throw FileError(description: "\(place): unknown field \(unknown); remove it or correct its name")
        }
        return backend
    }

    /// The path of a field of `given` that the type does not know: one that is gone after a round trip.
    private static func unknownField(in given: JSONValue?, of spec: ChatBackendSpec) -> String? {
        guard let given, let known = try? JSONValue(encoding: spec) else { return nil }
        return lost(from: given, in: known, path: "spec")
    }

    private static func lost(from given: JSONValue, in known: JSONValue, path: String) -> String? {
        switch (given, known) {
        case (.object(let members), .object(let kept)):
            for (name, value) in members.sorted(by: { $0.key < $1.key }) where !value.isNull {
                guard let counterpart = kept[name] else { return "\(path).\(name)" }
                if let unknown = lost(from: value, in: counterpart, path: "\(path).\(name)") { return unknown }
            }
        case (.array(let items), .array(let kept)):
            for (index, (item, counterpart)) in zip(items, kept).enumerated() {
                if let unknown = lost(from: item, in: counterpart, path: "\(path)[\(index)]") { return unknown }
            }
        default: break
        }
        return nil
    }
}
