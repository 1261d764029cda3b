import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// HTTP/1.1 as Hummingbird serves it, for connections that may also go unserved.
///
/// A connection that is accepted in the moment in which the server stops taking them is dropped by the server, and swift-nio ends
/// the process when one of its asynchronous channels is dropped without having been run. Here such a one is run to its end.
struct AcceptedHTTP1Channel: ServerChildChannel {
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        base.setup(channel: channel, logger: logger).map(Connection.init)
    }

    func handle(value: Connection, logger: Logger) async {
        guard let connection = value.take() else { return }
        await base.handle(value: connection, logger: logger)
    }

    /// A connection until it is served.
    final class Connection: ServerChildChannelValue {
        let channel: any Channel
        private let unserved: Mutex<HTTP1Channel.Value?>

        init(_ connection: HTTP1Channel.Value) {
            channel = connection.channel
            unserved = Mutex(connection)
        }

        /// The connection, for the one who serves it.
        func take() -> HTTP1Channel.Value? {
            unserved.withLock { connection in
                defer { connection = nil }
                return connection
            }
        }

        deinit {
            guard let connection = take() else { return }
            // Ends with the connection, which is closed at once; there is nobody to tell of an error.
            Task { try? await connection.executeThenClose { _, _ in } }
        }
    }
}
