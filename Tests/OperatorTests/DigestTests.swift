import K8sClient
import Testing

@testable import Operator

@Suite struct DigestTests {
    @Test("a digest is the first half of the SHA-256, as status and annotations show it")
    func text() {
        #expect("\(Digest(of: ""))" == "e3b0c44298fc1c149afbf4c8996fb924")
        #expect("\(Digest(of: "abc"))" == "ba7816bf8f01cfea414140de5dae2223")
        #expect(Digest(of: ["b": 1, "a": [true]]) == Digest(of: #"{"a":[true],"b":1}"#))
    }

    @Test("it is read back from a status, and what is none there is the digest of nothing that exists")
    func coding() throws {
        let entry = InventoryEntry(
            ObjectIdentity(apiVersion: "v1", kind: "Secret", namespace: "chat", name: "chat-secret"),
            hash: Digest(of: "a"), fieldsHash: Digest(of: "b"))
        var status = try JSONValue(encoding: entry)
        #expect(status["hash"]?.string == "\(Digest(of: "a"))")
        #expect(try status.decode(InventoryEntry.self) == entry)
        status["hash"] = "edited by somebody"
        #expect(try status.decode(InventoryEntry.self).hash == .none)
    }
}
