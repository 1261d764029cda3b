import FoundationEssentials
import Glibc

/// Files that only their owner may read.
enum PrivateFile {
    static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Makes an empty file unless there is one already.
    static func touch(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path) }
        close(descriptor)
    }

    /// Replaces the file as a whole, so that no reader ever sees a part of it.
    static func write(_ text: String, to path: String) throws {
        let temporary = "\(path).new"
        if FileManager.default.fileExists(atPath: temporary) { try FileManager.default.removeItem(atPath: temporary) }
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw FileError(path: temporary) }
        guard rename(temporary, path) == 0 else { throw FileError(path: path) }
    }

    private struct FileError: Error, CustomStringConvertible {
        let path: String
        let reason = String(cString: strerror(errno))
        var description: String { "cannot write \(path): \(reason)" }
    }
}
