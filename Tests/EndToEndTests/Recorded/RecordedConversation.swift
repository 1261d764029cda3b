import Foundation
import K8sClient
import Testing

/// A conversation with a real Kubernetes API server, as it was recorded: requests, and what was answered.
struct RecordedConversation: Sendable, CustomTestStringConvertible {
    /// The conversations in `Vectors/`.
    static let names = [
        "access", "apply", "custom-resources", "dry-run", "finalizers", "leases-and-events", "list", "managed-fields",
        "namespaces", "objects-bad-input", "objects-crud", "objects-generate-name", "ownership", "patch", "secrets",
        "watch", "workloads",
    ]

    let name: String
    let why: String
    let steps: [JSONValue]

    var testDescription: String { "\(name): \(why)" }

    init(named name: String) throws {
        let file = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"),
            "no conversation \(name)")
        let document = try JSONValue(parsing: Array(try Data(contentsOf: file)))
        self.name = name
        why = document["why"]?.string ?? ""
        steps = document["steps"]?.array ?? []
    }
}
