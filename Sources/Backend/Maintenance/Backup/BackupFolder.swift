import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A folder of backups, held by one process at a time. Files get their names when they are whole and on the disk, not before.
///
/// Its calls block.
final class BackupFolder: Sendable {
    let path: FilePath
    private let folder: FileDescriptor
    private let lock: FileDescriptor

    private static let lockName = ".chatgpt-backend.lock"
    /// What files that are being made end in. They begin with a dot, so that no pattern for backups takes them for one.
    private static let partialSuffix = ".partial"

    /// Takes the folder.
    /// - Throws: ``MaintenanceError`` when it is not there (a mistyped or unmounted folder must not be made), not writable, or
    ///   held by another process.
    init(_ path: String) throws(MaintenanceError) {
        self.path = FilePath(path)
        folder = try Self.open("use the folder \(path)") { () throws(Errno) in
            do {
                return try FileDescriptor.open(FilePath(path), .readOnly, options: [.directory, .closeOnExec])
            } catch { throw (error as? Errno) ?? .ioError }
        }
        let lockPath = self.path.appending(Self.lockName)
        lock = try Self.open("write in the folder \(path)") { () throws(Errno) in
            do {
                return try FileDescriptor.open(
                    lockPath, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
            } catch { throw (error as? Errno) ?? .ioError }
        }
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            throw .busy("another backup to \(path) is running")
        }
    }

    deinit {
        // The lock goes with its descriptor; the file stays, as another process may be opening it.
        try? lock.close()
        try? folder.close()
    }

    private static func open(
        _ action: String, _ body: () throws(Errno) -> FileDescriptor
    ) throws(MaintenanceError) -> FileDescriptor {
        do {
            return try body()
        } catch {
            throw .file(action, error)
        }
    }

    /// The backups, the oldest first.
    func names() throws -> [BackupName] {
        try entries().compactMap { BackupName($0) }.sorted()
    }

    /// A path for a file that is being made.
    func partial(_ name: String) -> FilePath {
        path.appending(".\(name)\(Self.partialSuffix)")
    }

    /// Opens a file that is being made.
    func createPartial(_ name: String) throws -> FileDescriptor {
        let path = partial(name)
        return try Self.open("write \(path)") { () throws(Errno) in
            do {
                return try FileDescriptor.open(
                    path, .readWrite, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            } catch { throw (error as? Errno) ?? .ioError }
        }
    }

    /// Gives finished files their names, one after the other, and makes the names last.
    func publish(_ names: [String]) throws {
        for name in names {
            guard rename(partial(name).string, path.appending(name).string) == 0 else {
                throw MaintenanceError.file("name \(name)", Errno(rawValue: errno))
            }
        }
        try synchronize()
    }

    /// Makes the names in the folder last.
    func synchronize() throws {
        do {
            try folder.synchronize()
        } catch {
            throw MaintenanceError.file("synchronize \(path)", error)
        }
    }

    func remove(_ name: String) throws {
        guard unlink(path.appending(name).string) == 0 || errno == ENOENT else {
            throw MaintenanceError.file("remove \(name)", Errno(rawValue: errno))
        }
    }

    /// Removes what runs that were broken off have left: files without their names, and manifests of backups that are not there.
    /// - Returns: Their names.
    func removeLeftovers() throws -> [String] {
        let entries = try entries()
        let present = Set(entries)
        let leftovers = entries.filter { entry in
            if entry.hasPrefix(".db_backup_") && entry.contains(Self.partialSuffix) { return true }
            guard entry.hasSuffix(BackupManifest.suffix) else { return false }
            let name = String(entry.dropLast(BackupManifest.suffix.count))
            return BackupName(name) != nil && !present.contains(name)
        }
        for entry in leftovers { try remove(entry) }
        return leftovers.sorted()
    }

    private func entries() throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path.string)
        } catch {
            throw MaintenanceError(description: "cannot read the folder \(path)", status: .inputOutput)
        }
    }
}
