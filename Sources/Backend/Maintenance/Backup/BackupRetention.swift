/// Which backups have been kept long enough. Age goes by the name, so a copied or restored folder is treated as the original.
struct BackupRetention: Sendable {
    let days: Int

    /// - Parameters:
    ///   - names: All that are in the folder.
    ///   - latest: The one that was just made and is known to be good; it stays, whatever the clock says.
    /// - Returns: Those to remove, the oldest first.
    func expired(_ names: [BackupName], now: Timestamp, latest: BackupName) -> [BackupName] {
        let oldest = now - .seconds(Int64(days) * 86_400)
        return names.filter { $0 != latest && $0.date < oldest }.sorted()
    }
}
