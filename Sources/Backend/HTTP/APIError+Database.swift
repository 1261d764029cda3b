import HTTPTypes

extension DatabaseError {
    /// Whether the database itself is in no state to do it, rather than the request being at odds with what is there.
    var isOutOfOrder: Bool { isTransient || [.diskFull, .readOnly, .schemaTooOld].contains(code) }
}

extension APIError {
    /// A database that cannot do its work: 507 when its disk is full, 503 otherwise. Nothing was written.
    init(_ error: DatabaseError) {
        let isFull = error.code == .diskFull
        self.init(
            status: isFull ? HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage") : .serviceUnavailable,
            kind: .server,
            code: isFull ? "insufficient_storage" : "database_unavailable",
            message: isFull
                ? "There is no room left to store this; nothing was changed." : "The database cannot be used right now."
        )
        if error.isTransient || error.code == .schemaTooOld { headers[.retryAfter] = "1" }
    }
}
