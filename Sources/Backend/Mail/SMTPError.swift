/// Why a mail was not taken.
struct SMTPError: Error, CustomStringConvertible {
    /// Whether the same may be tried again: the server was not there, or said "later" (4xx).
    let isTransient: Bool
    /// For the log: libcurl's words and the server's code, never what was sent.
    let description: String
}
