import Logging

extension Watcher {
    /// Makes the requests that the state machine asks for, as the consumer asks for changes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let watcher: Watcher
        private var machine: WatchStateMachine
        private var pages: [Object] = []
        private var stream: Stream?
        /// Of a whole event.
        private let eventSelection: JSONSelection

        private struct Stream {
            let name: String
            let start: ContinuousClock.Instant
            var chunks: ByteStream.AsyncIterator
            var lines: LineSplitter
            var memory: JSONMemory
            /// The first list, as far as it has come as events; `nil` once it is whole.
            var initial: [ObjectKey: Object]?
        }

        init(watcher: Watcher) {
            self.watcher = watcher
            eventSelection = ["type": .all, "object": watcher.selection]
            machine = WatchStateMachine(
                backoff: watcher.tuning.backoff,
                usesWatchList: watcher.tuning.usesWatchList && watcher.client.core.mayUseWatchList(watcher.resource))
        }

        /// The same, for callers without an isolation of their own.
        public mutating func next() async -> Change? {
            await change()
        }

        /// The next change; `nil` when the task is cancelled or the client shut down.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Change? {
            await change()
        }

        private mutating func change() async -> Change? {
            while !Task.isCancelled {
                do throws(KubernetesError) {
                    if stream != nil {
                        if let change = try await nextInStream() { return change }
                    } else {
                        try await pause()
                        switch machine.action {
                        case .list(let token):
                            if let change = try await list(token) { return change }
                        case .watch(let resourceVersion):
                            try await openStream(resourceVersion)
                        case .watchList:
                            // Another watcher may have found out meanwhile.
                            guard watcher.client.core.mayUseWatchList(watcher.resource) else {
                                machine.watchListRefused()
                                continue
                            }
                            try await openStream(nil)
                        }
                    }
                } catch {
                    if error.code == .cancelled { break }
                }
            }
            stream = nil
            return nil
        }

        private func pause() async throws(KubernetesError) {
            let pause = machine.pause(random: .random(in: 0..<1))
            guard pause > .zero else { return }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw KubernetesError(.cancelled, "the watch was cancelled")
            }
        }

        // MARK: List

        private mutating func list(_ token: String?) async throws(KubernetesError) -> Change? {
            if token == nil { pages = [] }
            var options = watcher.options
            options.limit = watcher.tuning.pageSize
            options.continue = token
            let page: ObjectList<Object?>
            do throws(KubernetesError) {
                let watcher = watcher
                page = try await watcher.client.list(
                    watcher.resource, namespace: watcher.namespace, options, watcher.representation,
                    selecting: watcher.selection
                ) { watcher.converted(.value($0)) }
            } catch {
                report(error)
                machine.listFailed(error)
                throw error
            }
            for case let object? in page.items { pages.append(object) }
            guard machine.listed(continue: page.continue, resourceVersion: page.resourceVersion) else { return nil }
            defer { pages = [] }
            return .restarted(pages)
        }

        // MARK: Watch

        /// - Parameter resourceVersion: from which version on; `nil` for a watch that begins with all there is.
        private mutating func openStream(_ resourceVersion: String?) async throws(KubernetesError) {
            let request = KubernetesRequest.watch(
                watcher.resource, namespace: watcher.namespace, watcher.options, resourceVersion: resourceVersion,
                timeoutSeconds: .random(in: watcher.tuning.timeoutSeconds), watcher.representation)
            let tuning = watcher.tuning
            do throws(KubernetesError) {
                let bytes = try await watcher.client.stream(
                    request, idleTimeout: resourceVersion == nil ? tuning.initialSilence : tuning.silence)
                stream = Stream(
                    name: request.name, start: .now, chunks: bytes.makeAsyncIterator(),
                    lines: LineSplitter(limit: tuning.maximumLineBytes),
                    memory: JSONMemory(sharesTexts: watcher.selection != .all),
                    initial: resourceVersion == nil ? [:] : nil)
            } catch {
                if resourceVersion == nil, Self.refusesWatchList(error) {
                    refuseWatchList("\(error)")
                    return
                }
                report(error)
                noteRestart(error)
                machine.watchEnded(error, lasted: .zero)
                throw error
            }
        }

        /// Whether a server says that it does not know what it was asked for: as the answer, or in the stream of one. A
        /// Kubernetes whose etcd cannot notify of progress on request (before 3.4.31 and 3.5.13) knows the question, begins
        /// the stream and says 500 in it, each time; 500 as the answer itself is a server in trouble, which time may heal.
        private static func refusesWatchList(_ error: KubernetesError) -> Bool {
            if let status = error.httpStatus { return [400, 405, 422, 501].contains(status) }
            return error.status.map { [400, 405, 422, 500, 501].contains($0.code ?? 0) } ?? false
        }

        private mutating func refuseWatchList(_ reason: String) {
            stream = nil
            watcher.client.core.giveUpWatchList(watcher.resource)
            machine.watchListRefused()
            watcher.client.logger.debug(
                "the first list comes in pages",
                metadata: ["resource": "\(watcher.resource.plural)", "why": "\(reason)"])
        }

        /// The watch fell silent, or ended, before its list was whole: this watcher asks for pages from now on, whatever the
        /// others find.
        private mutating func leaveWatchList(_ error: KubernetesError?) {
            stream = nil
            watcher.client.core.watchListStayedOpen(watcher.resource)
            machine.watchListRefused()
            if let error { report(error) }
            noteRestart(error)
        }

        /// One change, or `nil` when the stream has to be read on, or has ended.
        private mutating func nextInStream() async throws(KubernetesError) -> Change? {
            guard var stream else { return nil }
            // Leaves `stream` the only reference to its buffers, so that changing them copies nothing; every way out of here
            // that does not end the stream puts it back.
            self.stream = nil
            do throws(KubernetesError) {
                while true {
                    while let line = try stream.lines.next() {
                        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
                        let event = try self.event(line, &stream.memory)
                        if stream.initial != nil {
                            guard try collect(event, in: &stream) else {
                                refuseWatchList("the server sends a bookmark that does not end the list")
                                return nil
                            }
                            guard let whole = stream.initial, machine.action != .watchList else { continue }
                            stream.initial = nil
                            self.stream = stream
                            return .restarted(Array(whole.values))
                        }
                        if let change = try change(event) {
                            self.stream = stream
                            return change
                        }
                    }
                    guard let chunk = try await stream.chunks.next() else { break }
                    stream.lines.append(chunk)
                }
                if stream.initial != nil {
                    leaveWatchList(nil)
                } else {
                    end(stream, nil)
                }
                return nil
            } catch {
                let error = error.during(stream.name)
                if stream.initial != nil, Self.refusesWatchList(error) {
                    refuseWatchList("\(error)")
                    return nil
                }
                if stream.initial != nil, error.code == .timeout {
                    leaveWatchList(error)
                    return nil
                }
                end(stream, error)
                throw error
            }
        }

        private func event(
            _ line: ArraySlice<UInt8>, _ memory: inout JSONMemory
        ) throws(KubernetesError) -> WatchEvent<ReceivedObject> {
            switch watcher.form {
            case .value:
                try WatchEvent(
                    parsing: line.span, selecting: watcher.selection, of: eventSelection, memory: &memory)
            case .tape: try WatchEvent(tape: Array(line), memory: &memory)
            }
        }

        private mutating func end(_ ended: Stream, _ error: KubernetesError?) {
            stream = nil
            // An expired version is a part of a watch's life, not a failure.
            if let error, !error.isGone { report(error) }
            noteRestart(error)
            machine.watchEnded(error, lasted: ContinuousClock.now - ended.start)
        }

        private func noteRestart(_ error: KubernetesError?) {
            let reason =
                switch error?.code {
                case nil: "closed"
                case .cancelled: "cancelled"
                case .timeout: "silent"
                case .api where error?.isGone == true: "expired"
                case .api: "refused"
                case let code?: code.rawValue
                }
            guard reason != "cancelled" else { return }
            watcher.client.core.metrics.watchRestarted(resource: watcher.resource.plural, reason: reason)
        }

        /// Takes an event of the first list in; false when the server does not mean it as one.
        private mutating func collect(
            _ event: WatchEvent<ReceivedObject>, in stream: inout Stream
        ) throws(KubernetesError) -> Bool {
            switch event {
            case .added(let object), .modified(let object):
                stream.initial?[object.objectKey] = watcher.converted(object)
            case .deleted(let object): stream.initial?[object.objectKey] = nil
            case .bookmark(let resourceVersion, let endsInitialEvents):
                guard endsInitialEvents else { return false }
                machine.listedAsEvents(resourceVersion: resourceVersion)
                watcher.client.core.watchListWorked(watcher.resource)
                stream.chunks.source.setIdleTimeout(watcher.tuning.silence)
            case .error(let status): throw ended(status)
            }
            return true
        }

        private func ended(_ status: Status) -> KubernetesError {
            KubernetesError(
                .api, status.message ?? "the server ended the watch", status: status,
                retryAfter: status.details?.retryAfterSeconds.map { .seconds($0) })
        }

        private mutating func change(_ event: WatchEvent<ReceivedObject>) throws(KubernetesError) -> Change? {
            switch event {
            case .added(let object), .modified(let object):
                machine.progressed(resourceVersion: object.resourceVersion)
                return watcher.converted(object).map { .applied($0) }
            case .deleted(let object):
                machine.progressed(resourceVersion: object.resourceVersion)
                return watcher.converted(object).map { .deleted($0) }
            case .bookmark(let resourceVersion, _):
                machine.progressed(resourceVersion: resourceVersion)
                return nil
            case .error(let status): throw ended(status)
            }
        }

        private func report(_ error: KubernetesError) {
            guard error.code != .cancelled else { return }
            watcher.client.logger.debug(
                "watch interrupted",
                metadata: ["resource": "\(watcher.resource.plural)", "error": "\(error)"])
            watcher.onError(error)
        }
    }

    /// The object as the consumer wants it; `nil`, and a report, when it cannot be read so.
    func converted(_ object: ReceivedObject) -> Object? {
        do throws(JSONDecodingError) {
            return try convert(object)
        } catch {
            onError(
                KubernetesError(
                    .invalidResponse, "the \(resource.kind) \(object.objectKey) cannot be read: \(error)"))
            return nil
        }
    }
}
