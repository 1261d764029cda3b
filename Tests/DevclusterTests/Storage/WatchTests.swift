import K8sClient
import Testing

@testable import devcluster

@Suite struct WatchTests {
    private let resource = GroupResource("", "configmaps")

    private func object(_ name: String, labels: JSONValue = [:], data: String = "1") -> JSONValue {
        [
            "metadata": ["name": .string(name), "namespace": "n", "uid": .string("uid-\(name)"), "labels": labels],
            "data": ["a": .string(data)],
        ]
    }

    private func stored(_ object: JSONValue, _ version: UInt64) -> StoredObject {
        StoredObject(object, resourceVersion: version, fields: [:], schemaRevision: 0)
    }

    @discardableResult
    private func insert(_ store: ClusterStore, _ object: JSONValue) throws -> StoredObject {
        let key = ObjectKey(namespace: object.meta.namespace, name: object.meta.name)
        guard case .done(let stored) = try store.insert(resource, key, { self.stored(object, $0) }) else {
            throw StatusError.alreadyExists(resource, key.name)
        }
        return stored
    }

    @discardableResult
    private func replace(_ store: ClusterStore, _ old: StoredObject, _ object: JSONValue) throws -> StoredObject {
        guard case .done(let stored) = try store.replace(resource, old, { self.stored(object, $0) }) else {
            throw StatusError.modified(resource, old.key.name)
        }
        return stored
    }

    private func kinds(_ subscription: WatchSubscription) async -> [String] {
        var result: [String] = []
        for await case .event(let event) in subscription.messages {
            result.append("\(event.kind.rawValue) \(event.object.key.name)")
        }
        return result
    }

    @Test("an object that stops and starts to fit a selector is deleted and added, with the state that was seen")
    func transitions() async throws {
        let store = ClusterStore(firstVersion: 100)
        let selection = Selection(namespace: "n", labels: LabelSelector(labels: ["t": "1"]))
        let subscription = try store.watch(resource, selection, from: .current)
        var current = try insert(store, object("a", labels: ["t": "1"]))
        current = try replace(store, current, object("a", labels: ["t": "2"], data: "changed"))
        let leaving = current.resourceVersion
        try replace(store, current, object("a", labels: ["t": "1"]))
        store.endAllWatches()
        var seen: [(String, UInt64, JSONValue?)] = []
        for await case .event(let event) in subscription.messages {
            seen.append(
                (event.kind.rawValue, event.object.resourceVersion, try event.object.decoded()["data", "a"]))
        }
        #expect(seen.map(\.0) == ["ADDED", "DELETED", "ADDED"])
        #expect(seen[1].1 == leaving)
        #expect(seen[1].2 == "1")
    }

    @Test("a watch resumes after the version that it names, and one from before the history is expired")
    func resuming() async throws {
        let store = ClusterStore(firstVersion: 100)
        try insert(store, object("first"))
        let version = store.version
        try insert(store, object("second"))
        let subscription = try store.watch(resource, Selection(), from: .after(version))
        store.endAllWatches()
        #expect(await kinds(subscription) == ["ADDED second"])
        for outdated: UInt64 in [1, 99, version + 1000] {
            let error = #expect(throws: StatusError.self) {
                try store.watch(resource, Selection(), from: .after(outdated))
            }
            #expect(error?.code == 410)
        }
    }

    @Test("history is bounded: what fell out of it expires")
    func boundedHistory() throws {
        let store = ClusterStore(firstVersion: 100)
        var current = try insert(store, object("a"))
        let early = store.version
        for number in 0...ClusterStore.historyCapacity {
            current = try replace(store, current, object("a", data: "\(number)"))
        }
        #expect(throws: StatusError.self) { try store.watch(resource, Selection(), from: .after(early)) }
        #expect(throws: Never.self) { try store.watch(resource, Selection(), from: .after(store.version)) }
    }

    @Test("a reader that does not read is cut off, the others go on")
    func slowReader() async throws {
        let store = ClusterStore(firstVersion: 100)
        let slow = try store.watch(resource, Selection(), from: .current)
        var current = try insert(store, object("a"))
        for number in 0..<Watcher.capacity {
            current = try replace(store, current, object("a", data: "\(number)"))
        }
        let late = try store.watch(resource, Selection(), from: .current)
        try replace(store, current, object("a", data: "last"))
        #expect(await kinds(slow).count == Watcher.capacity)
        store.endAllWatches()
        #expect(await kinds(late) == ["MODIFIED a"])
    }

    @Test("a reader is cut off by bytes as well, the history forgets by them, and one large event always passes")
    func largeEvents() async throws {
        let store = ClusterStore(firstVersion: 100)
        let megabyte = String(repeating: "x", count: 1 << 20)
        let slow = try store.watch(resource, Selection(), from: .current)
        var current = try insert(store, object("a", data: megabyte))
        let early = store.version
        let limit = max(WatchBacklog.maximumBytes, ClusterStore.historyBytes) >> 20
        for number in 0...limit { current = try replace(store, current, object("a", data: "\(number)" + megabyte)) }
        #expect(await kinds(slow).count == (WatchBacklog.maximumBytes >> 20) - 1)
        #expect(throws: StatusError.self) { try store.watch(resource, Selection(), from: .after(early)) }
        let late = try store.watch(resource, Selection(), from: .after(store.version))
        let huge = String(repeating: megabyte, count: WatchBacklog.maximumBytes >> 20)
        try replace(store, current, object("a", data: huge))
        store.endAllWatches()
        #expect(await kinds(late) == ["MODIFIED a"])
    }

    @Test("watches end at their deadline and tell bookmarks meanwhile")
    func deadlinesAndBookmarks() async throws {
        let store = ClusterStore(firstVersion: 100)
        let now = ContinuousClock.now
        let subscription = try store.watch(
            resource, Selection(), from: .current, deadline: now.advanced(by: .seconds(5)))
        store.publishBookmarks()
        store.endOverdueWatches(now: now.advanced(by: .seconds(4)))
        try insert(store, object("a"))
        store.endOverdueWatches(now: now.advanced(by: .seconds(6)))
        try insert(store, object("b"))
        var messages: [String] = []
        for await message in subscription.messages {
            switch message {
            case .bookmark(let version): messages.append("bookmark \(version)")
            case .event(let event): messages.append(event.object.key.name)
            }
        }
        #expect(messages == ["bookmark 100", "a"])
    }

    @Test("lists are in order and pages follow one another without gaps or repeats")
    func pages() throws {
        let store = ClusterStore(firstVersion: 100)
        for name in ["c", "a", "e", "b", "d"] { try insert(store, object(name)) }
        var names: [String] = []
        var token: String?
        repeat {
            let page = try ListPage(store, resource, Selection(namespace: "n"), limit: 2, continuation: token)
            names += page.objects.map(\.key.name)
            token = page.next
        } while token != nil
        #expect(names == ["a", "b", "c", "d", "e"])
        #expect(throws: StatusError.self) {
            try ListPage(store, resource, Selection(), limit: 2, continuation: "garbage")
        }
    }
}
