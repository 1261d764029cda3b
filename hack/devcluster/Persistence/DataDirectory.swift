import FoundationEssentials
import Glibc
import K8sClient

/// The folder in which a cluster keeps its state: for its owner alone, since Secrets lie in it, and for one cluster at a
/// time.
final class DataDirectory: Sendable {
    /// The folder cannot be used, and why.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    let path: String
    let database: StateDatabase
    /// Holds the lock until the process ends, however it ends.
    private let lock: Int32

    /// Makes the folder if it is missing, locks it and opens what is in it.
    init(path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Unusable(description: "the data folder \(path) cannot be made: \(error)")
        }
        guard chmod(path, 0o700) == 0 else {
            throw Unusable(description: "the data folder \(path) cannot be made private: \(Self.systemError())")
        }
        lock = try Self.lock("\(path)/lock", of: path)
        do {
            database = try StateDatabase(path: "\(path)/state.sqlite")
        } catch {
            Glibc.close(lock)
            throw error
        }
    }

    deinit { Glibc.close(lock) }

    private static func lock(_ file: String, of path: String) throws(Unusable) -> Int32 {
        // Pods must not inherit it: the lock would outlive the cluster.
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Unusable(description: "the data folder \(path) cannot be written: \(systemError())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { Glibc.close(descriptor) }
            guard errno == EWOULDBLOCK else {
                throw Unusable(description: "the data folder \(path) cannot be locked: \(systemError())")
            }
            throw Unusable(description: "the data folder \(path) is in use by another cluster")
        }
        return descriptor
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
