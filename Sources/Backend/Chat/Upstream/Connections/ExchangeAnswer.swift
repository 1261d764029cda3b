import NIOCore
import NIOHTTP1

/// An answer whose head is there, for whoever reads its body. When nobody holds it any more, the connection is closed unless all has
/// come.
final class ExchangeAnswer: Sendable {
    let head: HTTPResponseHead
    private let exchange: Exchange

    init(head: HTTPResponseHead, exchange: Exchange) {
        self.head = head
        self.exchange = exchange
    }

    /// The next piece of the body; nil at its end.
    func next() async throws -> ByteBuffer? { try await exchange.next() }

    /// The whole body, where it is there already and not larger; nothing of it may have been read.
    func takeWhole(upTo limit: Int) -> ByteBuffer? { exchange.takeWhole(upTo: limit) }

    deinit {
        exchange.fail(CancellationError())
    }
}
