@testable import K8sClient
import Testing

@Suite("Indexes of an informer's store")
struct ObjectIndexTests {
    private func entry(_ name: String, version: Int, _ owners: String) -> ObjectStore<String>.Entry {
        .init(key: ObjectKey(namespace: "n", name: name), uid: name, resourceVersion: "\(version)", value: owners)
    }

    private func owners(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    @Test("Objects are found by every value that they have, through changes, deletions and new lists")
    func lookups() {
        let store = ObjectStore<String>()
        _ = store.replaceAll([entry("a", version: 1, "x y"), entry("b", version: 1, "y")])
        // Made after the list: it holds what is there.
        let index = store.addIndex("owner") { owners($0) }
        #expect(Set(index["y"]) == ["x y", "y"])
        #expect(index["x"] == ["x y"])
        #expect(index["z"].isEmpty)
        #expect(index.keys("y") == [ObjectKey(namespace: "n", name: "a"), ObjectKey(namespace: "n", name: "b")])
        _ = store.apply(entry("a", version: 2, "z"))
        #expect(index["x"].isEmpty)
        #expect(index["z"] == ["z"])
        #expect(Set(index.values) == ["y", "z"])
        _ = store.delete(ObjectKey(namespace: "n", name: "b"))
        #expect(index["y"].isEmpty)
        _ = store.replaceAll([entry("c", version: 3, "y")])
        #expect(index["y"] == ["y"])
        #expect(index["z"].isEmpty)
        #expect(index.values == ["y"])
        #expect(index.description == "the index owner")
    }

    @Test("An index answers what a search through all objects would, whatever happened")
    func equivalence() {
        var random = SeededGenerator(seed: 11)
        let store = ObjectStore<String>()
        let index = store.addIndex("owner") { owners($0) }
        let values = ["a", "b", "c", "d"]
        for step in 0..<2000 {
            let name = "n\(Int.random(in: 0..<20, using: &random))"
            let text = values.filter { _ in Bool.random(using: &random) }.joined(separator: " ")
            switch Int.random(in: 0..<20, using: &random) {
            case 0: _ = store.replaceAll((0..<5).map { entry("n\($0)", version: step, text) })
            case 1..<6: _ = store.delete(ObjectKey(namespace: "n", name: name))
            default: _ = store.apply(entry(name, version: step, text))
            }
            for value in values {
                #expect(index[value].sorted() == store.all.filter { owners($0).contains(value) }.sorted())
            }
        }
    }
}
