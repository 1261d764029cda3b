import Synchronization

/// What proves who asks, looked up anew for every request. Its description shows no secret.
public struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private enum Source: Sendable {
        case none
        case token(String)
        case tokenFile(TokenFile)
    }

    private let source: Source

    /// Nothing, or a client certificate alone.
    public static let none = Credentials(source: .none)

    /// A bearer token that stays the same.
    public static func token(_ token: String) -> Credentials { Credentials(source: .token(token)) }

    /// A file whose bearer token is read again whenever the file changes, as the kubelet renews it.
    public static func tokenFile(_ path: String) -> Credentials { Credentials(source: .tokenFile(TokenFile(path))) }

    /// The value of the `Authorization` header; `nil` for none.
    /// - Throws: `KubernetesError` with code `credentials` when a token cannot be read.
    func authorization() throws(KubernetesError) -> String? {
        switch source {
        case .none: return nil
        case .token(let token): return "Bearer " + token
        case .tokenFile(let file): return "Bearer " + (try file.token())
        }
    }

    /// What kind of credentials these are; no secret.
    public var description: String {
        switch source {
        case .none: "none"
        case .token: "a token"
        case .tokenFile(let file): "the token in \(file.path)"
        }
    }

    /// The same as `description`: no secret either.
    public var debugDescription: String { description }
}

/// A token in a file that somebody else renews.
final class TokenFile: Sendable {
    let path: String
    private let cached = Mutex<(stamp: FileContents.Stamp, token: String)?>(nil)

    init(_ path: String) {
        self.path = path
    }

    /// The token as it stands in the file now; the file is read only when it is another than last time.
    ///
    /// While the file cannot be read, the last token goes on being used: it stays valid for a while after its renewal, and
    /// the server says so when it no longer is.
    func token() throws(KubernetesError) -> String {
        let stamp: FileContents.Stamp
        do throws(FileContents.Failure) {
            stamp = try FileContents.stamp(path)
        } catch {
            return try last(or: error.description)
        }
        if let cached = cached.withLock({ $0 }), cached.stamp == stamp { return cached.token }
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(path, limit: 1 << 20)
        } catch {
            return try last(or: error.description)
        }
        let token = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard token.count == 1 else {
            return try last(or: token.isEmpty ? "\(path) is empty" : "\(path) holds more than one token")
        }
        let text = String(token[0])
        cached.withLock { $0 = (stamp, text) }
        return text
    }

    private func last(or reason: String) throws(KubernetesError) -> String {
        if let cached = cached.withLock({ $0 }) { return cached.token }
        throw KubernetesError(.credentials, "the token cannot be read: \(reason)")
    }
}
