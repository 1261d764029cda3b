/// The names of a backend's objects; with the backend called `chatgpt-backend` they are the deployment guide's own.
struct ObjectNames {
    let backend: String

    var configMap: String { backend + "-config" }
    var secret: String { backend + "-secret" }
    var deployment: String { backend }
    var service: String { backend + "-service" }
    var ingress: String { backend + "-ingress" }
    var tlsSecret: String { backend + "-tls" }
    var backupCronJob: String { backend + "-backup" }

    /// The longest name a backend may have: a CronJob's may have 52 characters, and `-backup` takes 7 of them.
    static let maximumLength = 45
}

extension ChatBackend {
    var objectNames: ObjectNames { ObjectNames(backend: name) }
}
