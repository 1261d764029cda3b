/// The objects of a kind and their changes, without end: lists, watches, and comes back after whatever breaks.
///
/// Guarantees: after a `restarted` every later change is told in order, or another `restarted` comes. A watch goes on where
/// it stopped; when the server no longer has that version (410), a new list replaces all. A connection that has died without
/// a word is given up when three bookmarks in a row are missing.
///
/// The first list comes as events of the watch where the server can do that (WatchList), page by page where it cannot; which of
/// them is found out once for a client and kind.
///
/// Assumptions: one consumer, which asks for the next change when it is done with the last; the server waits meanwhile.
///
/// Caveats: changes in between two lists are seen as their result only. An object that cannot be decoded is left out and
/// reported to `onError`. The sequence ends only with its task, or with the client.
public struct Watcher<Object: Sendable>: AsyncSequence, Sendable {
    /// One change.
    public enum Change: Sendable {
        /// All there is now; what was known before and is not among it has gone.
        case restarted([Object])
        /// The object came or changed.
        case applied(Object)
        /// The object went; it is as it was last.
        case deleted(Object)
    }

    /// One change.
    public typealias Element = Change
    /// It never fails: failures are reported and tried again.
    public typealias Failure = Never

    let client: KubernetesClient
    let resource: APIResource
    let namespace: String?
    let options: ListOptions
    let representation: KubernetesRequest.Representation
    /// What is read of each object, and in which form; what is read to be decoded is read as a whole.
    let selection: JSONSelection
    let form: ReceivedObject.Form
    let tuning: WatchTuning
    let onError: @Sendable (KubernetesError) -> Void
    let convert: @Sendable (ReceivedObject) throws(JSONDecodingError) -> Object

    init(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String?, _ options: ListOptions,
        _ representation: KubernetesRequest.Representation, selecting selection: JSONSelection = .all,
        form: ReceivedObject.Form = .value, tuning: WatchTuning, onError: @escaping @Sendable (KubernetesError) -> Void,
        convert: @escaping @Sendable (ReceivedObject) throws(JSONDecodingError) -> Object
    ) {
        self.client = client
        self.resource = resource
        self.namespace = namespace
        self.options = options
        self.representation = representation
        self.selection = selection.union(.identity)
        self.form = form
        self.tuning = tuning
        self.onError = onError
        self.convert = convert
    }

    /// Begins reading; for one consumer.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(watcher: self)
    }
}

extension Watcher where Object: Decodable {
    /// Watches a kind of object, of one namespace or of all.
    /// - Parameters:
    ///   - client: what lists and watches.
    ///   - resource: the kind.
    ///   - namespace: where; everywhere by default.
    ///   - options: which objects; only the selectors count.
    ///   - type: what the objects are read as; `PartialObjectMetadata` makes the server send only that.
    ///   - onError: told about every failure, before the pause that follows it.
    public init(
        _ client: KubernetesClient, _ resource: APIResource, namespace: String? = nil, _ options: ListOptions = .init(),
        as type: Object.Type = Object.self, onError: @escaping @Sendable (KubernetesError) -> Void = { _ in }
    ) {
        self.init(
            client, resource, namespace: namespace, options, .init(for: type), form: .init(for: type),
            tuning: WatchTuning(), onError: onError
        ) { object throws(JSONDecodingError) in try object.decode(type) }
    }
}

/// The numbers of a watch, which tests make small.
struct WatchTuning: Sendable, Hashable {
    /// After how long the server shall end a watch. Spread, so that many do not come back at once.
    var timeoutSeconds = 300...600
    /// Smaller than what `listAll` asks for: an operator that starts reads the pages of all its kinds at the same time, and for each
    /// of them the server's text and what was read of it are in memory at once.
    var pageSize = 100
    /// Whether to ask for the first list as events of the watch (WatchList), where the server can.
    var usesWatchList = true
    /// For how long a watch may say nothing. Servers send a bookmark about once a minute: this is three of them missing.
    var silence: Duration = .seconds(195)
    /// The same while the first list comes as events, which follow one another closely.
    var initialSilence: Duration = .seconds(10)
    /// What one event may hold: etcd keeps no object above 1.5 MiB, and some servers are set higher.
    var maximumLineBytes = 16 << 20
    var backoff = WatchStateMachine.Backoff()
}
