import Synchronization

/// What proves who asks, looked up anew for every request. Its description shows no secret.
public struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private enum Source: Sendable {
        case none
        case token(String)
        case tokenFile(TokenFile)
        case plugin(ExecCredentialSource)
    }

    private let source: Source

    /// Nothing, or a client certificate alone.
    public static let none = Credentials(source: .none)

    /// A bearer token that stays the same.
    public static func token(_ token: String) -> Credentials { Credentials(source: .token(token)) }

    /// A file whose bearer token is read again whenever the file changes, as the kubelet renews it.
    public static func tokenFile(_ path: String) -> Credentials { Credentials(source: .tokenFile(TokenFile(path))) }

    /// A program that hands out tokens or client certificates, run again before they end.
    public static func exec(_ plugin: ExecPlugin) -> Credentials {
        Credentials(source: .plugin(ExecCredentialSource(plugin)))
    }

    static func exec(_ source: ExecCredentialSource) -> Credentials { Credentials(source: .plugin(source)) }

    /// What one request goes out with.
    struct Proof: Sendable, Hashable {
        /// The value of the `Authorization` header; `nil` for none.
        var authorization: String?
        /// What a plug-in gave; its client certificate takes the place of the configuration's.
        var plugin: ExecCredential?
    }

    /// What a request goes out with that is sent now.
    /// - Parameter deadline: until when the request can wait for it.
    /// - Throws: `KubernetesError` with code `credentials` when there is nothing to be had.
    func proof(until deadline: ContinuousClock.Instant?) async throws(KubernetesError) -> Proof {
        switch source {
        case .none: return Proof()
        case .token(let token): return Proof(authorization: "Bearer " + token)
        case .tokenFile(let file): return Proof(authorization: "Bearer " + (try file.token()))
        case .plugin(let source):
            let credential = try await source.credential(until: deadline)
            return Proof(authorization: credential.token.map { "Bearer " + $0 }, plugin: credential)
        }
    }

    /// The server did not take this proof (401).
    /// - Returns: whether another one may be had, so that the request is worth sending again.
    func rejected(_ proof: Proof) -> Bool {
        switch source {
        case .none, .token: return false
        case .tokenFile(let file):
            // Renewed just when the request was on its way. Why it cannot be read now, the next request says.
            guard let token = try? file.token() else { return false }
            return proof.authorization != "Bearer " + token
        case .plugin(let source): return proof.plugin.map { source.rejected($0) } ?? false
        }
    }

    /// What kind of credentials these are; no secret.
    public var description: String {
        switch source {
        case .none: "none"
        case .token: "a token"
        case .tokenFile(let file): "the token in \(file.path)"
        case .plugin(let source): source.plugin.description
        }
    }

    /// The same as `description`: no secret either.
    public var debugDescription: String { description }

    /// Shows nothing: a dump must not hold a token.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
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
