import FoundationEssentials
import SystemPackage

/// A backup on the disk, with what its manifest says of it where there is one.
final class BackupFile: Sendable {
    let path: FilePath
    /// Nil for a dump of the guide's own script, which writes none.
    let manifest: BackupManifest?
    /// Open from verification to the end: what was verified is what is restored, also when the name is given to another file.
    let file: FileDescriptor

    init(_ path: String) throws(MaintenanceError) {
        self.path = FilePath(path)
        manifest = try Self.manifest(beside: path)
        do {
            file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
        } catch {
            throw .file("read \(path)", (error as? Errno) ?? .ioError)
        }
    }

    deinit { try? file.close() }

    private static func manifest(beside path: String) throws(MaintenanceError) -> BackupManifest? {
        let beside = path + BackupManifest.suffix
        guard FileManager.default.fileExists(atPath: beside) else { return nil }
        guard let data = FileManager.default.contents(atPath: beside) else {
            throw .badBackup("cannot read \(beside)")
        }
        return try BackupManifest(decoding: Array(data), name: beside)
    }

    /// Reads all of it and compares it with the manifest; changes nothing.
    /// - Returns: The kind of database that it is of.
    /// - Throws: ``MaintenanceError``.
    func verify(_ gzip: Gzip) async throws -> BackupManifest.Kind {
        try await verifyDigest()
        let ends: DumpEnds
        do {
            ends = try await gzip.decompress(file) { input in
                try await BlockingWork.run {
                    var ends = DumpEnds()
                    try input.readAll { ends.add($0) }
                    return ends
                }
            }
        } catch let error as MaintenanceError where error.description.hasPrefix("gzip ended") {
            throw MaintenanceError.badBackup("\(path) is damaged: \(error)")
        }
        guard let kind = ends.kind else {
            throw MaintenanceError.badBackup("\(path) holds no dump of PostgreSQL or SQLite")
        }
        guard ends.isComplete else { throw MaintenanceError.badBackup("\(path) is damaged: the dump in it breaks off") }
        if let manifest {
            guard ends.bytes == manifest.uncompressedBytes, kind == manifest.databaseKind else {
                throw MaintenanceError.badBackup("\(path) does not hold what its manifest says")
            }
            guard manifest.schemaVersion <= Migration.latest else {
                throw MaintenanceError.badBackup(
                    "\(path) has schema version \(manifest.schemaVersion) and this program knows \(Migration.latest): use the program that made it, or a newer one"
                )
            }
        }
        return kind
    }

    private func verifyDigest() async throws {
        guard let manifest else { return }
        let (digest, bytes) = try await BlockingWork.run { [file] in
            try file.seek(offset: 0, from: .start)
            return try FileDigest.sha256(file)
        }
        guard bytes == manifest.compressedBytes else {
            throw MaintenanceError.badBackup(
                "\(path) is damaged: it has \(bytes) bytes and its manifest says \(manifest.compressedBytes)")
        }
        guard digest == manifest.sha256 else {
            throw MaintenanceError.badBackup("\(path) is damaged: its SHA-256 is not the one in its manifest")
        }
    }
}
