import Hummingbird
import K8sClient
import NIOCore

extension ResourceHandler {
    func get(_ name: String) throws(StatusError) -> APIAnswer {
        let stored = try registry.stored(kind, namespace: resource.namespace, name: name)
        let (presentation, isYAML) = try presentation()
        if presentation.form == .full, !isYAML {
            return APIAnswer(body: .bytes(try registry.presentedBytes(stored, as: kind)))
        }
        return try answer(try registry.present(stored, as: kind))
    }

    func list() throws(StatusError) -> APIAnswer {
        let limit = call.query["limit"].flatMap { Int($0) } ?? 0
        let page = try ListPage(
            registry.store, kind.storage, try selection(), limit: limit,
            continuation: call.query["continue"].flatMap { $0.isEmpty ? nil : $0 })
        if let asked = call.query["resourceVersion"].flatMap({ UInt64($0) }), asked > registry.store.version {
            throw StatusError(
                code: 504, reason: "Timeout",
                message: "Too large resource version: \(asked), current: \(registry.store.version)",
                details: [
                    "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                    "retryAfterSeconds": 1,
                ])
        }
        let (presentation, isYAML) = try presentation()
        var metadata: JSONValue = ["resourceVersion": .string(String(page.version))]
        if let next = page.next { metadata["continue"] = .string(next) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = JSONValue(remaining) }
        if isYAML {
            var items: [JSONValue] = []
            for object in page.objects { items.append(presentation.whole(try registry.present(object, as: kind))) }
            let (apiVersion, listKind) = presentation.listKind
            let list: JSONValue = [
                "apiVersion": .string(apiVersion), "kind": .string(listKind), "metadata": metadata,
                "items": .array(items),
            ]
            return APIAnswer(body: .bytes(Array(YAML.serialize(list).utf8)), contentType: "application/yaml")
        }
        return listAnswer(page.objects, metadata, presentation)
    }

    /// The list in pieces: however long it is, only one piece of it is in memory beside what the store holds.
    private func listAnswer(_ objects: [StoredObject], _ metadata: JSONValue, _ presentation: Presentation) -> APIAnswer
    {
        let (apiVersion, listKind) = presentation.listKind
        let isTable = presentation.form == .table
        let columns = isTable ? #""columnDefinitions":\#(JSONValue.array(kind.columns.map(\.object)).jsonText),"# : ""
        let head =
            #"{"apiVersion":"\#(apiVersion)","kind":"\#(listKind)","metadata":\#(metadata.jsonText),\#(columns)"\#(isTable ? "rows" : "items")":["#
        let pieceBytes = 64 * 1024
        let (registry, kind) = (registry, kind)
        return APIAnswer(
            body: .stream { writer in
                var buffer = ByteBuffer(string: head)
                for (index, object) in objects.enumerated() {
                    if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
                    if isTable {
                        buffer.writeBytes(presentation.row(try registry.present(object, as: kind)).jsonBytes())
                    } else {
                        buffer.writeBytes(try presentation.item(object))
                    }
                    if buffer.readableBytes >= pieceBytes {
                        try await writer.write(buffer)
                        buffer = ByteBuffer()
                    }
                }
                buffer.writeString("]}\n")
                try await writer.write(buffer)
            })
    }

    // MARK: Watching

    func watch() throws(StatusError) -> APIAnswer {
        if ["1", "true"].contains(call.query["sendInitialEvents"]) {
            // Said on the stream, where a client that asks for it looks for the reason to fall back.
            let refusal = StatusError.invalid(
                GroupKind("meta.k8s.io", "ListOptions"), "",
                [
                    .forbidden(
                        "sendInitialEvents",
                        "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
                ])
            return errorStream(refusal)
        }
        var start = ClusterStore.WatchStart.current
        if let text = call.query["resourceVersion"], !text.isEmpty, text != "0" {
            guard let version = UInt64(text) else {
                throw .plainError("resourceVersion: Invalid value: \(quoted(text)): invalid syntax")
            }
            start = .after(version)
        }
        let seconds = call.query["timeoutSeconds"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        // Without a wish of the client, watches last between half an hour and an hour, so that not all of them begin anew at once.
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds ?? Int.random(in: 1800...3600)))
        let subscription: WatchSubscription
        do {
            subscription = try registry.store.watch(kind.storage, try selection(), from: start, deadline: deadline)
        } catch {
            guard error.code == 410 else { throw error }
            return errorStream(error)
        }
        let wantsBookmarks = ["1", "true"].contains(call.query["allowWatchBookmarks"])
        let stream = WatchStream(
            subscription: subscription, presentation: try presentation().0, wantsBookmarks: wantsBookmarks)
        let requestBody = request.body
        return APIAnswer(
            body: .stream { writer in
                try await stream.write(to: &writer, requestBody)
            })
    }

    private func errorStream(_ error: StatusError) -> APIAnswer {
        let event: JSONValue = ["type": "ERROR", "object": error.object]
        return APIAnswer(body: .bytes(event.jsonBytes() + [UInt8(ascii: "\n")]))
    }
}

/// A watch on its way to a client.
struct WatchStream: Sendable {
    let subscription: WatchSubscription
    let presentation: Presentation
    let wantsBookmarks: Bool

    /// Writes events until the watch ends or the client leaves.
    @concurrent
    func write(to writer: inout any ResponseBodyWriter, _ requestBody: RequestBody) async throws {
        defer { subscription.stop() }
        var current = writer
        defer { writer = current }
        // Nothing would tell that a client left as long as nothing is written to it.
        try await requestBody.consumeWithInboundCloseHandler { _ in
            try await write(to: &current)
        } onInboundClosed: {
            subscription.stop()
        }
    }

    @concurrent
    private func write(to writer: inout any ResponseBodyWriter) async throws {
        for object in subscription.initial {
            try await writer.write(try event("ADDED", object))
        }
        for await message in subscription.messages {
            switch message {
            case .event(let change):
                try await writer.write(try event(change.kind.rawValue, change.object))
            case .bookmark(let version):
                guard wantsBookmarks else { continue }
                let text = #"{"type":"BOOKMARK","object":\#(presentation.bookmark(version).jsonText)}"#
                try await writer.write(ByteBuffer(string: text + "\n"))
            }
        }
    }

    private func event(_ type: String, _ object: StoredObject) throws(StatusError) -> ByteBuffer {
        let item = try presentation.item(object)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(item.count + 40)
        buffer.writeString(#"{"type":"\#(type)","object":"#)
        buffer.writeBytes(item)
        buffer.writeString("}\n")
        return buffer
    }
}
