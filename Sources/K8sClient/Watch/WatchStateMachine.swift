/// What a watcher does next. Pure: it is told what happened and answers what to do, after which pause.
///
/// List, page by page, then watch from the list's version on; where the server can (WatchList), one watch brings the first
/// list as events, a bookmark marks its end, and the watch goes on. A watch that ends goes on at the last version that an event or
/// bookmark showed; one whose version the server no longer has (410), or that it refuses otherwise, begins with a list again.
/// Pauses grow with failures in a row, and progress ends the row.
struct WatchStateMachine: Sendable, Hashable {
    enum Action: Sendable, Hashable {
        /// Ask for the first page, or the one after this token.
        case list(continue: String?)
        case watch(resourceVersion: String)
        /// A watch that begins with all there is.
        case watchList
    }

    struct Backoff: Sendable, Hashable {
        var base: Duration = .milliseconds(800)
        var maximum: Duration = .seconds(30)
        /// A watch that lasted so long did its work, even if nothing happened meanwhile.
        var healthyWatch: Duration = .seconds(60)
    }

    private(set) var action: Action
    private(set) var failures = 0
    private var hasProgressed = false
    /// Whether the first list may still be asked for as events.
    private(set) var usesWatchList: Bool
    /// How often such a watch ended before its list was whole.
    private var brokenWatchLists = 0
    /// When the server asked to be asked again.
    private var retryAfter: Duration?
    private let backoff: Backoff

    init(backoff: Backoff = Backoff(), usesWatchList: Bool = false) {
        self.backoff = backoff
        self.usesWatchList = usesWatchList
        action = usesWatchList ? .watchList : .list(continue: nil)
    }

    private var firstList: Action { usesWatchList ? .watchList : .list(continue: nil) }

    /// How long to wait before `action`.
    /// - Parameter random: a number in 0..<1 that keeps many clients from coming back at once.
    func pause(random: Double) -> Duration {
        guard failures > 0 else { return .zero }
        let exponential = min(backoff.base * (1 << min(failures - 1, 16)), backoff.maximum)
        let pause = exponential * (0.5 + random / 2)
        guard let retryAfter else { return pause }
        // Never earlier than asked, within reason; up to a quarter later.
        return max(pause, min(retryAfter, backoff.maximum) * (1 + random / 4))
    }

    /// A page has come. True when it was the last one, so that the list is complete.
    mutating func listed(continue token: String?, resourceVersion: String) -> Bool {
        if let token {
            action = .list(continue: token)
            return false
        }
        action = .watch(resourceVersion: resourceVersion)
        hasProgressed = false
        retryAfter = nil
        return true
    }

    /// The bookmark has come that ends the first list of a `watchList`.
    mutating func listedAsEvents(resourceVersion: String) {
        action = .watch(resourceVersion: resourceVersion)
        failures = 0
        brokenWatchLists = 0
        hasProgressed = true
        retryAfter = nil
    }

    /// The server does not send the first list as events: it says so, or what it sends shows it.
    mutating func watchListRefused() {
        usesWatchList = false
        action = .list(continue: nil)
    }

    /// An event or a bookmark has come.
    mutating func progressed(resourceVersion: String) {
        failures = 0
        hasProgressed = true
        retryAfter = nil
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
        retryAfter = error.retryAfter
        action = firstList
    }

    /// The watch ended: by the server's timeout (`nil`), or by an error of the connection, the request or the stream.
    mutating func watchEnded(_ error: KubernetesError?, lasted: Duration) {
        let wasUseful = hasProgressed || lasted >= backoff.healthyWatch
        hasProgressed = false
        retryAfter = error?.retryAfter
        if action == .watchList {
            // Half a list is none. Where it never gets to its end, pages may.
            failures += 1
            if lasted > .zero { brokenWatchLists += 1 }
            if brokenWatchLists >= 3 { watchListRefused() }
            return
        }
        guard let error else {
            failures = wasUseful ? 0 : failures + 1
            return
        }
        if error.isGone {
            // Right after a list nothing should have expired; a server that says so regardless is given time.
            failures = wasUseful ? 0 : failures + 1
            action = firstList
        } else if Self.needsList(error) {
            failures += 1
            action = firstList
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
