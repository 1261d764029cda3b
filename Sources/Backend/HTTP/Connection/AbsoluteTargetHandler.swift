import NIOCore
import NIOHTTP1

/// Keeps the host of a target in absolute form (`GET http://HOST/path`) for those who check hosts: the conversion to HTTP's common
/// types, which comes next, drops it. It is added to the head as one more `Host` where it is not the one that is there.
final class AbsoluteTargetHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.uri.hasPrefix("/"),
            let named = HostHeader.authority(ofAbsolute: head.uri),
            named.lowercased() != head.headers.first(name: "Host")?.lowercased()
        else {
            context.fireChannelRead(data)
            return
        }
        head.headers.add(name: "Host", value: named)
        // Where there was none, one alone would pass for the client's own.
        if head.headers["Host"].count == 1 { head.headers.add(name: "Host", value: named) }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
