/// What a watcher does next. Pure: it is told what happened and answers what to do, after which pause.
///
/// List, page by page, then watch from the list's version on. A watch that ends goes on at the last version that an event or
/// bookmark showed; one whose version the server no longer has (410), or that it refuses otherwise, begins with a list again.
/// Pauses grow with failures in a row, and progress ends the row.
struct WatchStateMachine: Sendable, Hashable {
    enum Action: Sendable, Hashable {
        /// Ask for the first page, or the one after this token.
        case list(continue: String?)
        case watch(resourceVersion: String)
    }

    struct Backoff: Sendable, Hashable {
        var base: Duration = .milliseconds(800)
        var maximum: Duration = .seconds(30)
        /// A watch that lasted so long did its work, even if nothing happened meanwhile.
        var healthyWatch: Duration = .seconds(60)
    }

    private(set) var action: Action = .list(continue: nil)
    private(set) var failures = 0
    private var hasProgressed = false
    private let backoff: Backoff

    init(backoff: Backoff = Backoff()) {
        self.backoff = backoff
    }

    /// How long to wait before `action`.
    /// - Parameter random: a number in 0..<1 that keeps many clients from coming back at once.
    func pause(random: Double) -> Duration {
        guard failures > 0 else { return .zero }
        let exponential = min(backoff.base * (1 << min(failures - 1, 16)), backoff.maximum)
        return exponential * (0.5 + random / 2)
    }

    /// A page has come. True when it was the last one, so that the list is complete.
    mutating func listed(continue token: String?, resourceVersion: String) -> Bool {
        if let token {
            action = .list(continue: token)
            return false
        }
        action = .watch(resourceVersion: resourceVersion)
        hasProgressed = false
        return true
    }

    /// An event or a bookmark has come.
    mutating func progressed(resourceVersion: String) {
        failures = 0
        hasProgressed = true
        if !resourceVersion.isEmpty { action = .watch(resourceVersion: resourceVersion) }
    }

    /// The list, or a page of it, failed.
    mutating func listFailed(_ error: KubernetesError) {
        // The token of a list that took too long: the first time nothing is wrong, the list is begun anew at once.
        if case .list(continue: .some) = action, error.isGone, failures == 0 {
            failures = 0
        } else {
            failures += 1
        }
        action = .list(continue: nil)
    }

    /// The watch ended: by the server's timeout (`nil`), or by an error of the connection, the request or the stream.
    mutating func watchEnded(_ error: KubernetesError?, lasted: Duration) {
        let wasUseful = hasProgressed || lasted >= backoff.healthyWatch
        hasProgressed = false
        guard let error else {
            failures = wasUseful ? 0 : failures + 1
            return
        }
        if error.isGone {
            // Right after a list nothing should have expired; a server that says so regardless is given time.
            failures = wasUseful ? 0 : failures + 1
            action = .list(continue: nil)
        } else if Self.needsList(error) {
            failures += 1
            action = .list(continue: nil)
        } else {
            failures = wasUseful ? 1 : failures + 1
        }
    }

    /// Errors that the same version would meet again. What only time heals (429, 5xx, a broken connection, credentials) is
    /// not among them.
    private static func needsList(_ error: KubernetesError) -> Bool {
        switch error.code {
        case .invalidResponse: return true
        case .api:
            let status = error.httpStatus ?? error.status?.code ?? 0
            return [400, 404, 405, 406, 422].contains(status) || error.httpStatus == nil
        default: return false
        }
    }
}
