import K8sClient
import Testing

@testable import Operator

@Suite struct BackendIndexTests {
    private func backend(
        uid: String = "u", generation: Int64 = 1, version: String = "1", namespace: String? = nil, deleted: Bool = false
    ) -> ChatBackend {
        var spec = ChatBackendSpec()
        spec.namespace = namespace
        var metadata = ObjectMeta(name: "chat", uid: uid, resourceVersion: version)
        metadata.generation = generation
        if deleted { metadata.deletionTimestamp = "2026-01-01T00:00:00Z" }
        return ChatBackend(metadata: metadata, spec: spec)
    }

    @Test("a new, edited, deleted, remade or gone backend is wanted differently; its status is only seen")
    func changes() {
        let index = BackendIndex()
        #expect(index.update("chat", backend()) == .specification)
        #expect(index.update("chat", backend(version: "2")) == .observation)
        #expect(index.update("chat", backend(generation: 2, version: "3")) == .specification)
        #expect(index.update("chat", backend(generation: 2, version: "4", deleted: true)) == .specification)
        #expect(index.update("chat", backend(uid: "v", version: "5")) == .specification)
        #expect(index.update("chat", nil) == .specification)
    }

    @Test("a namespace knows the backends that are in it now")
    func namespaces() {
        let index = BackendIndex()
        _ = index.update("chat", backend())
        #expect(index.backends(in: "chat") == ["chat"])
        _ = index.update("chat", backend(uid: "v", namespace: "elsewhere"))
        #expect(index.backends(in: "chat").isEmpty)
        #expect(index.backends(in: "elsewhere") == ["chat"])
        _ = index.update("chat", nil)
        #expect(index.backends(in: "elsewhere").isEmpty)
    }
}
