import K8sClient
import Testing

@testable import Operator

@Suite struct BackendReaderTests {
    private func document(cpu: String) -> JSONValue {
        [
            "metadata": ["name": "chat"],
            "spec": ["resources": ["requests": ["cpu": .string(cpu)], "limits": ["memory": "1Gi"]]],
            "status": [
                "inventory": [
                    [
                        "apiVersion": "v1", "kind": "Namespace", "name": "chat",
                        "hash": "0123456789abcdef0123456789abcdef", "fieldsHash": "0123456789abcdef0123456789abcdef",
                    ]
                ]
            ],
        ]
    }

    @Test("what is shared between backends changes none of them")
    func sharing() throws {
        let reader = BackendReader()
        for cpu in ["250m", "250m", "1", "250m"] {
            let backend = try reader.read(document(cpu: cpu))
            let plain = try document(cpu: cpu).decode(ChatBackend.self)
            #expect(backend.spec == plain.spec)
            #expect(backend.spec.resources.requests?["cpu"] == .string(cpu))
            #expect(backend.status == plain.status)
        }
    }
}
