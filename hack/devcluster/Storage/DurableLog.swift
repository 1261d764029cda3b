/// A change of one object on its way to disk.
struct DurableChange: Sendable {
    struct Place: Hashable, Sendable {
        var resource: GroupResource
        var key: ObjectKey
    }

    var place: Place
    var version: UInt64
    /// nil when the object is gone.
    var object: StoredObject?
}

/// Where changes are kept over a restart.
protocol DurableLog: Sendable {
    /// Writes changes, in order, all of them or none; returns once they are on disk. It blocks.
    func commit(_ changes: [DurableChange]) throws

    /// Why a commit failed, for people.
    func reason(_ error: any Error) -> String
}
