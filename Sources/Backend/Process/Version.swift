/// What this program is.
enum Version {
    static let program = "chatgpt-backend"
    static let number = "0.1.0"
}
