/// When a plug-in is run and what is used meanwhile. Pure: it is told what happened and when, and answers what to do.
struct ExecCredentialCache: Sendable {
    enum Decision: Sendable, Equatable {
        /// Use it; with `refresh`, run the plug-in beside that.
        case use(ExecCredential, refresh: Bool)
        /// Wait for the run that is under way, or with `start` for the one to begin now.
        case wait(start: Bool)
        /// The last run failed just now.
        case fail(KubernetesError)

        static func == (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.use(let left, let leftRefresh), .use(let right, let rightRefresh)):
                left == right && leftRefresh == rightRefresh
            case (.wait(let left), .wait(let right)): left == right
            case (.fail(let left), .fail(let right)): left.message == right.message
            default: false
            }
        }
    }

    /// How long before its end a credential is renewed at the earliest; of short ones, the last fifth of their time.
    private static let refreshAhead: Int64 = 60_000_000
    /// For how long a failure stands for the requests that follow, so that each does not start another run.
    private static let failurePause: Int64 = 1_000_000
    /// How long a fresh credential must have lasted for its refusal to start another run: a server that refuses whatever
    /// the plug-in gives must not make every request start one.
    private static let rejectionPause: Int64 = 10_000_000

    private var current: ExecCredential?
    private var obtained = Timestamp(microseconds: 0)
    private var isRunning = false
    private var failure: (error: KubernetesError, at: Timestamp)?

    mutating func request(at now: Timestamp) -> Decision {
        if let current, now < (current.expiry ?? .distantFuture) {
            guard !isRunning, let expiry = current.expiry, now >= renewal(of: expiry), !failedJustNow(now) else {
                return .use(current, refresh: false)
            }
            isRunning = true
            return .use(current, refresh: true)
        }
        if isRunning { return .wait(start: false) }
        if let failure, failedJustNow(now) { return .fail(failure.error) }
        isRunning = true
        return .wait(start: true)
    }

    private func renewal(of expiry: Timestamp) -> Timestamp {
        let lifetime = max(expiry.microseconds - obtained.microseconds, 0)
        return Timestamp(microseconds: expiry.microseconds - min(Self.refreshAhead, lifetime / 5))
    }

    private func failedJustNow(_ now: Timestamp) -> Bool {
        guard let failure else { return false }
        return (0..<Self.failurePause).contains(now.microseconds - failure.at.microseconds)
    }

    /// A run has ended.
    mutating func finished(_ result: Result<ExecCredential, KubernetesError>, at now: Timestamp) {
        isRunning = false
        switch result {
        case .success(let credential):
            current = credential
            obtained = now
            failure = nil
        case .failure(let error): failure = (error, now)
        }
    }

    /// The server did not take a credential.
    /// - Returns: whether another one may be had.
    mutating func rejected(_ credential: ExecCredential, at now: Timestamp) -> Bool {
        // Another request's refusal has already brought a new one.
        guard credential == current else { return true }
        guard now.microseconds - obtained.microseconds >= Self.rejectionPause || now < obtained else { return false }
        current = nil
        return true
    }
}

extension Timestamp {
    static let distantFuture = Timestamp(microseconds: .max)
}
