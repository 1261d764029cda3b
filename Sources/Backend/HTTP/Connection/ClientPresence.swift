import NIOCore
import Synchronization

/// Whether the client of a connection is still there.
///
/// A client that closes its side, or the whole connection, has gone: what it asked for is worth no further work. Between a request and
/// its answer the server reads nothing, so somebody has to listen for that.
final class ClientPresence: Sendable {
    private struct Storage {
        var isGone = false
        /// One request is served at a time on a connection.
        var onGone: (@Sendable () -> Void)?
    }

    private let storage = Mutex(Storage())

    /// Runs `operation` in a task of its own, which is cancelled when the client goes or the caller's task is cancelled.
    func whileHere<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // It begins at once: often it need not wait at all.
        let task = Task.immediate { try await operation() }
        let isGone = storage.withLock { storage in
            storage.onGone = { task.cancel() }
            return storage.isGone
        }
        if isGone { task.cancel() }
        defer { storage.withLock { $0.onGone = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Calls `action` when the client goes, at once when it has gone already; until ``forget()``.
    func watch(_ action: @escaping @Sendable () -> Void) {
        let isGone = storage.withLock { storage in
            storage.onGone = action
            return storage.isGone
        }
        if isGone { action() }
    }

    /// Ends the watch.
    func forget() {
        storage.withLock { $0.onGone = nil }
    }

    fileprivate func leave() {
        let onGone = storage.withLock { storage in
            storage.isGone = true
            defer { storage.onGone = nil }
            return storage.onGone
        }
        onGone?()
    }
}

/// Tells a connection's ``ClientPresence`` of its end.
final class ClientPresenceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    let presence = ClientPresence()

    func channelInactive(context: ChannelHandlerContext) {
        presence.leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { presence.leave() }
        context.fireUserInboundEventTriggered(event)
    }
}

extension BackendRequestContext {
    /// Runs `operation` for as long as the client is there.
    /// - Throws: `CancellationError`, among what `operation` throws when it is cancelled, once the client has gone.
    func whileClientIsHere<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let presence = await clientPresence() else { return try await operation() }
        return try await presence.whileHere(operation)
    }

    /// Nil where there is no connection: in tests that ask the routes directly.
    func clientPresence() async -> ClientPresence? {
        // The usual case: tasks run on the event loops.
        if channel.eventLoop.inEventLoop { return Self.presence(in: channel) }
        let channel = channel
        return try? await channel.eventLoop.submit { Self.presence(in: channel) }.get()  // A loop that has ended: none.
    }

    private static func presence(in channel: any Channel) -> ClientPresence? {
        // Fails where the handler is not there, and then there is nothing to know.
        try? channel.pipeline.syncOperations.handler(type: ClientPresenceHandler.self).presence
    }
}
