import NIOCore
import NIOPosix
import NIOSSL

extension RedisError {
    /// Why a connection could not be made or broke, in a few words.
    init(connecting error: any Error) {
        switch error {
        case let error as RedisError: self = error
        case let error as IOError:
            self.init(.connectionLost, "the connection broke: \(SystemError.message(error.errnoCode))")
        case let error as NIOConnectionError: self.init(.connectFailed, Self.reason(error))
        case ChannelError.connectTimeout: self.init(.connectFailed, "no connection in time")
        case NIOSSLError.handshakeFailed(let cause):
            self.init(.connectFailed, "no TLS: \(Self.reason(cause))")
        case is NIOSSLExtraError:
            self.init(.connectFailed, "no TLS: the server's certificate is for another name")
        case NIOSSLError.uncleanShutdown: self.init(.connectionLost, "the connection ended")
        default: self.init(.connectionLost, "the connection broke: \(type(of: error))")
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first?.error as? IOError {
            return "cannot connect: \(SystemError.message(failure.errnoCode))"
        }
        if error.connectionErrors.first?.error is ChannelError { return "no connection in time" }
        return "cannot connect: no such host"
    }

    private static func reason(_ error: BoringSSLError) -> String {
        let text = "\(error)"
        return text.contains("CERTIFICATE_VERIFY_FAILED")
            ? "the server's certificate is not trusted" : "the server does not speak TLS as we do"
    }
}
