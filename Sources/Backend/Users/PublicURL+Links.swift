extension PublicURL {
    /// The page where a new password is chosen. The token stands in the fragment, which no server and no `Referer` header sees.
    func passwordReset(_ token: OneTimeToken) -> String {
        "\(description)/reset-password#token=\(token.text)"
    }
}
