/// The mails about accounts.
struct AccountNotices: Sendable {
    /// Nil when no mail can be sent.
    let mailer: Mailer?
    /// Where the application's pages are; nil when that is not known. It is never taken from a request: a `Host` header would
    /// decide where the token goes.
    let publicURL: PublicURL?

    var canSend: Bool { mailer != nil }

    func passwordReset(_ user: User, _ token: OneTimeToken) {
        let instruction =
            if let publicURL {
                "To choose another password, open this address within 30 minutes:\n\n    "
                    + "\(publicURL.passwordReset(token))\n"
            } else {
                "To choose another password, enter this code within 30 minutes:\n\n    \(token.text)\n"
            }
        mailer?.send(
            MailMessage(
                to: user.email, subject: "Choose another password",
                text: """
                    Hello\(Self.name(user)),

                    somebody, probably you, says that your password is forgotten.

                    \(instruction)
                    If it was not you, do nothing: your password stays as it is.
                    """))
    }

    func passwordChanged(_ user: User) {
        mailer?.send(
            MailMessage(
                to: user.email, subject: "Your password was changed",
                text: """
                    Hello\(Self.name(user)),

                    the password of your account was changed, and all other devices were logged out.

                    If it was not you, ask for another password at once: somebody else knows yours.
                    """))
    }

    private static func name(_ user: User) -> String {
        user.name.isEmpty ? "" : " \(user.name)"
    }
}
