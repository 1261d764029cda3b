import K8sClient
import Testing

@testable import Operator

@Suite struct HostIndexTests {
    private func backend(_ name: String, _ hosts: [String], created: String) -> ChatBackend {
        var spec = ChatBackendSpec()
        spec.exposure = Exposure(
            httpRoute: .init(parentRefs: [.init(name: "gateway")], hostnames: hosts))
        return ChatBackend(metadata: ObjectMeta(name: name, creationTimestamp: created), spec: spec)
    }

    @Test("the older one has the host, the other one is told of its end")
    func older() {
        let index = HostIndex()
        #expect(index.update("new", backend("new", ["a", "b"], created: "2026-01-02T00:00:00Z")).isEmpty)
        #expect(index.conflict(of: "new") == nil)
        #expect(index.update("old", backend("old", ["b"], created: "2026-01-01T00:00:00Z")) == ["new"])
        #expect(index.conflict(of: "new") == HostConflict(host: "b", holder: "old"))
        #expect(index.conflict(of: "old") == nil)
        #expect(index.update("old", backend("old", ["b"], created: "2026-01-01T00:00:00Z")).isEmpty)
        #expect(index.update("old", nil) == ["new"])
        #expect(index.conflict(of: "new") == nil)
    }

    @Test("of two of the same second the first by name has it, until it takes another host")
    func sameAge() {
        let index = HostIndex()
        let time = "2026-01-01T00:00:00Z"
        _ = index.update("b", backend("b", ["x"], created: time))
        _ = index.update("a", backend("a", ["x"], created: time))
        #expect(index.conflict(of: "b")?.holder == "a")
        #expect(index.update("a", backend("a", ["y"], created: time)) == ["b"])
        #expect(index.conflict(of: "b") == nil)
    }
}
