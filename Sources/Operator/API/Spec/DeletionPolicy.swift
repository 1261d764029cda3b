/// What becomes of a backend's data when its resource is deleted.
enum DeletionPolicy: String, Codable, Sendable, Hashable {
    /// It goes, with the namespace.
    case delete = "Delete"
    /// Volumes and Secrets stay, and the namespace around them, for a ChatBackend of the same name to take up.
    case retain = "Retain"
    /// A last backup is made first; the volume with it stays, and the namespace around it.
    case finalBackup = "FinalBackup"
}
