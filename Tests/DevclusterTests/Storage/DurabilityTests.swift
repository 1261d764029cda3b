import Foundation
import K8sClient
import Synchronization
import Testing

@testable import devcluster

/// Changes that have to get to disk before anybody hears of them.
@Suite struct DurabilityTests {
    private let resource = GroupResource("", "configmaps")

    /// A log whose commits wait until they are let through, or fail.
    private final class GatedLog: DurableLog {
        struct Full: Error {}

        private struct Storage {
            var commits: [[String]] = []
            var isFailing = false
            var isOpen = true
        }

        private let storage = Mutex(Storage())

        var commits: [[String]] { storage.withLock { $0.commits } }
        func setFailing(_ isFailing: Bool) { storage.withLock { $0.isFailing = isFailing } }
        func setOpen(_ isOpen: Bool) { storage.withLock { $0.isOpen = isOpen } }

        func commit(_ changes: [DurableChange]) throws {
            // This is the log's own queue, on which waiting is right.
            while !storage.withLock({ $0.isOpen }) { Thread.sleep(forTimeInterval: 0.001) }
            try storage.withLock { storage in
                if storage.isFailing { throw Full() }
                storage.commits.append(changes.map(\.place.key.name))
            }
        }

        func reason(_ error: any Error) -> String { "the disk is full" }
    }

    @discardableResult
    private func insert(_ store: ClusterStore, _ name: String) throws -> StoredObject? {
        let object: JSONValue = ["metadata": ["name": .string(name), "namespace": "n", "uid": .string(name)]]
        let outcome = try store.insert(resource, ObjectKey(namespace: "n", name: name)) {
            StoredObject(object, resourceVersion: $0, fields: [:], schemaRevision: 0)
        }
        guard case .done(let stored) = outcome else { return nil }
        return stored
    }

    private func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("changes made during a commit share the next one")
    func groups() async throws {
        let log = GatedLog()
        let store = ClusterStore(firstVersion: 100, log: log)
        log.setOpen(false)
        try insert(store, "first")
        // The commit of the first one is under way before the others come.
        try await eventually("a commit begins") { store.state.withLock { $0.durability?.isCommitting ?? false } }
        try await Task.sleep(for: .milliseconds(50))
        for number in 0..<10 { try insert(store, "\(number)") }
        log.setOpen(true)
        #expect(await store.settled() == nil)
        let others = (0..<10).map { "\($0)" }
        #expect(log.commits == [["first"], others])
    }

    @Test("watches are told of a change only once it is on disk, and of none twice")
    func watches() async throws {
        let log = GatedLog()
        let store = ClusterStore(firstVersion: 100, log: log)
        let early = try store.watch(resource, Selection(), from: .current)
        log.setOpen(false)
        try insert(store, "a")
        let late = try store.watch(resource, Selection(), from: .current)
        #expect(late.initial.map(\.key.name) == ["a"])
        store.publishBookmarks()
        log.setOpen(true)
        #expect(await store.settled() == nil)
        try insert(store, "b")
        #expect(await store.settled() == nil)
        store.endAllWatches()
        func told(_ subscription: WatchSubscription) async -> [String] {
            var result: [String] = []
            for await message in subscription.messages {
                switch message {
                case .event(let event): result.append(event.object.key.name)
                case .bookmark(let version): result.append("\(version)")
                }
            }
            return result
        }
        #expect(await told(early) == ["100", "a", "b"])
        #expect(await told(late) == ["101", "b"])
    }

    @Test("while the disk is full nothing is acknowledged or accepted, and what was seen is written once it can be")
    func fullDisk() async throws {
        let log = GatedLog()
        let store = ClusterStore(firstVersion: 100, log: log)
        log.setFailing(true)
        try insert(store, "seen")
        let failure = await store.settled()
        #expect(failure?.code == 500)
        #expect(failure?.message.contains("the disk is full") == true)
        let refused = #expect(throws: StatusError.self) { try insert(store, "refused") }
        #expect(refused?.message == failure?.message)
        log.setFailing(false)
        try await eventually("the log is tried again") { log.commits == [["seen"]] }
        #expect(await store.settled() == nil)
        try insert(store, "accepted")
        #expect(await store.settled() == nil)
        #expect(log.commits == [["seen"], ["accepted"]])
    }
}
