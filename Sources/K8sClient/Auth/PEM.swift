/// Certificates or a key in PEM (RFC 7468): bytes, or a file that somebody else renews. Its description shows no content.
public struct PEM: Sendable, Hashable {
    private enum Source: Sendable, Hashable {
        case bytes([UInt8])
        case file(String)
    }

    private let source: Source

    /// What a certificate or key file may hold: an authority's bundle has a few hundred kilobytes.
    static let maximumBytes = 1 << 20

    /// These bytes, for good.
    public static func bytes(_ bytes: [UInt8]) -> PEM { PEM(source: .bytes(bytes)) }

    /// What the file at this path holds; when it is replaced, new connections use what it holds then.
    public static func file(_ path: String) -> PEM { PEM(source: .file(path)) }

    /// The file's path; `nil` for bytes.
    var path: String? {
        if case .file(let path) = source { path } else { nil }
    }

    /// The content as it is now.
    func read() throws(FileContents.Failure) -> [UInt8] {
        switch source {
        case .bytes(let bytes): bytes
        case .file(let path): try FileContents.read(path, limit: Self.maximumBytes)
        }
    }
}

extension PEM: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The path, or how many bytes there are.
    public var description: String {
        switch source {
        case .bytes(let bytes): "\(bytes.count) bytes"
        case .file(let path): "the file \(path)"
        }
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows nothing: a dump of a configuration must not hold a key.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
