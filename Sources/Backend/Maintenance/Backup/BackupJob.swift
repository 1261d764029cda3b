import Logging
import SystemPackage

/// Makes one backup: all of it, or no trace of it.
struct BackupJob: Sendable {
    let source: any DumpSource
    let directory: String
    let retention: BackupRetention
    let gzip: Gzip
    let logger: Logger
    var now: @Sendable () -> Timestamp = { .now }
    /// How long the name of another second is waited for: a clock that stands still must not hold a backup up for good.
    var nameDeadline = Duration.seconds(10)

    /// - Returns: The backup's name.
    /// - Throws: ``MaintenanceError``; then nothing has its final name and nothing was removed.
    func run() async throws -> BackupName {
        let folder = try BackupFolder(directory)
        for leftover in try folder.removeLeftovers() {
            logger.notice("removed what a broken-off backup left", metadata: ["file": "\(leftover)"])
        }
        let (name, startedAt) = try await freeName(in: folder)
        do {
            // Also after a good one: a copy of a SQLite database is done with. What cannot be removed now, the next run removes.
            defer { _ = try? folder.removeLeftovers() }
            try await make(name, startedAt, folder)
        }
        try prune(folder, latest: name)
        return name
    }

    /// Names have seconds; one that is taken, by a copy or by a clock set back, is not written over.
    private func freeName(in folder: BackupFolder) async throws -> (BackupName, Timestamp) {
        let end = ContinuousClock.now + nameDeadline
        while true {
            let time = now()
            let name = BackupName(time)
            guard try folder.names().contains(name) else { return (name, time) }
            guard ContinuousClock.now < end else {
                throw MaintenanceError.busy("\(directory)/\(name) is there already, and the clock does not go on")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func make(_ name: BackupName, _ startedAt: Timestamp, _ folder: BackupFolder) async throws {
        let file = try folder.createPartial(name.description)
        defer { try? file.close() }  // It was synchronized: nothing is left to fail.
        let workspace = folder.partial("\(name).work")
        let contents = try await gzip.compress(to: file) { [source] output in
            try await source.dump(to: output, workspace: workspace)
        }
        let manifest = try await BlockingWork.run { [now] in
            do {
                try file.synchronize()
                try file.seek(offset: 0, from: .start)
                let (digest, bytes) = try FileDigest.sha256(file)
                let manifest = BackupManifest(
                    file: name.description, sha256: digest, compressedBytes: bytes, contents: contents,
                    startedAt: startedAt, completedAt: now())
                let beside = try folder.createPartial(name.manifest)
                defer { try? beside.close() }
                try beside.writeAll(try manifest.encoded())
                try beside.synchronize()
                return manifest
            } catch let error as Errno {
                throw MaintenanceError.file("write \(name)", error)
            }
        }
        try Task.checkCancellation()
        // The manifest first: where a backup is, its manifest is.
        try folder.publish([name.manifest, name.description])
        logger.notice(
            "backed up",
            metadata: [
                "file": "\(name)", "bytes": .stringConvertible(manifest.compressedBytes),
                "sha256": "\(manifest.sha256)", "tables": .stringConvertible(manifest.rows.count),
                "rows": .stringConvertible(manifest.rows.values.reduce(0, +)),
            ])
    }

    private func prune(_ folder: BackupFolder, latest: BackupName) throws {
        for name in retention.expired(try folder.names(), now: now(), latest: latest) {
            // The backup first: a manifest that is left alone is a leftover, a backup without one is of unknown worth.
            try folder.remove(name.description)
            try folder.remove(name.manifest)
            logger.notice("removed an old backup", metadata: ["file": "\(name)"])
        }
        try folder.synchronize()
    }
}

/// A database that can write itself out as SQL text.
protocol DumpSource: Sendable {
    /// Writes the whole database as it is at one moment.
    /// - Parameter workspace: A path for a file that it may need; removed by who asks.
    /// - Throws: ``MaintenanceError`` and others.
    func dump(to output: FileDescriptor, workspace: FilePath) async throws -> DumpedContents
}
