import Hummingbird
import K8sClient
import NIOCore

/// How much of a long answer is made at a time.
private let pieceBytes = 64 * 1024

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
        let options = ListOptions(call)
        try options.validate(servesWatchList: server.servesWatchList)
        let page = try ListPage(
            registry.store, kind.storage, try selection(), limit: options.limit,
            continuation: options.continuation.isEmpty ? nil : options.continuation)
        try options.requireReached(page.version)
        if options.resourceVersionMatch == "Exact", let asked = UInt64(options.resourceVersion),
            let newest = registry.store.editions(of: [kind.storage]).first, asked < newest
        {
            // Only the present is kept; it is also the past as long as nothing changed since.
            throw .expired("The provided resource version is too old: \(asked) (\(newest))")
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
        let options = ListOptions(call)
        try options.validate(servesWatchList: server.servesWatchList)
        let start: ClusterStore.WatchStart
        do {
            start = try self.start(options)
        } catch {
            // The stream is under way by the time that the version is looked at.
            guard error.code == 504 else { throw error }
            return errorStream(error)
        }
        // Without a wish of the client, watches last between half an hour and an hour, so that not all of them begin anew at once.
        let seconds = options.timeoutSeconds ?? Int.random(in: 1800...3600)
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        let subscription: WatchSubscription
        do {
            subscription = try registry.store.watch(kind.storage, try selection(), from: start, deadline: deadline)
        } catch {
            guard error.code == 410 else { throw error }
            return errorStream(error)
        }
        let stream = WatchStream(
            subscription: subscription, presentation: try presentation().0,
            wantsBookmarks: options.allowWatchBookmarks,
            marksInitialEvents: options.sendInitialEvents == true && options.allowWatchBookmarks)
        let (requestBody, store) = (request.body, registry.store)
        return APIAnswer(
            body: .stream { writer in
                // The initial state may hold changes that are not on disk yet.
                _ = await store.settled()
                try await stream.write(to: &writer, requestBody)
            })
    }

    private func start(_ options: ListOptions) throws(StatusError) -> ClusterStore.WatchStart {
        let version = try options.version()
        switch options.sendInitialEvents {
        case true?:
            try options.requireReached(registry.store.version)
            return .current
        case false? where version ?? 0 == 0: return .after(registry.store.version)
        default: return version.flatMap { $0 == 0 ? nil : .after($0) } ?? .current
        }
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
    /// Whether a bookmark says where the initial events end.
    let marksInitialEvents: Bool

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
        var initial = ByteBuffer()
        for object in subscription.initial {
            initial.writeImmutableBuffer(try line("ADDED", object))
            if initial.readableBytes >= pieceBytes {
                try await writer.write(initial)
                initial = ByteBuffer()
            }
        }
        if initial.readableBytes > 0 { try await writer.write(initial) }
        if marksInitialEvents {
            try await writer.write(bookmark(subscription.resourceVersion, endsInitialEvents: true))
        }
        let form = presentation.lineForm
        for await message in subscription.messages {
            switch message {
            case .event(let change):
                let event = try change.lines.line(form) { () throws(StatusError) in
                    try line(change.kind.rawValue, change.object)
                }
                try await writer.write(event)
            case .bookmark(let version):
                guard wantsBookmarks else { continue }
                try await writer.write(bookmark(version))
            }
        }
    }

    private func bookmark(_ version: UInt64, endsInitialEvents: Bool = false) -> ByteBuffer {
        let object = presentation.bookmark(version, endsInitialEvents: endsInitialEvents)
        return ByteBuffer(string: #"{"type":"BOOKMARK","object":\#(object.jsonText)}"# + "\n")
    }

    private func line(_ type: String, _ object: StoredObject) throws(StatusError) -> ByteBuffer {
        let item = try presentation.item(object)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(item.count + 40)
        buffer.writeString(#"{"type":"\#(type)","object":"#)
        buffer.writeBytes(item)
        buffer.writeString("}\n")
        return buffer
    }
}
