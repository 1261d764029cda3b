import K8sClient
import NIOCore

/// The events that both clients read: one Deployment as a server stores it (`deployment.json`), under many names and versions.
struct RecordedEvents: Sendable {
    /// How many differ, before they come again. Enough that no client gains by having seen a line before.
    static let distinct = 2_000
    /// Among so many objects, so that each event is a new version of an object that is known.
    private static let objects = 500
    /// Of so many applications, each with variables of its own.
    fileprivate static let applications = 10

    private let whole: JSONValue
    private let metadata: JSONValue

    init() throws {
        whole = try JSONValue(parsing: PackageResources.deployment_json)
        metadata = [
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": whole["metadata"] ?? [:],
        ]
    }

    /// Changes of known objects, framed as the chunks of an answer: API servers send each event in one.
    func changes(metadataOnly: Bool) -> ByteBuffer {
        let template = Template(type: "MODIFIED", metadataOnly ? metadata : whole)
        return framed((0..<Self.distinct).map { template.line(object: $0 % Self.objects, version: 1_000 + $0) })
    }

    /// So many different objects.
    func objects(_ count: Int, metadataOnly: Bool) -> ByteBuffer {
        let template = Template(type: "ADDED", metadataOnly ? metadata : whole)
        return framed((0..<count).map { template.line(object: $0, version: 1_000 + $0) })
    }

    /// What ends the first list of a watch that was asked to begin with one (WatchList).
    func endOfList(metadataOnly: Bool) -> ByteBuffer {
        let object: JSONValue = [
            "apiVersion": metadataOnly ? "meta.k8s.io/v1" : "apps/v1",
            "kind": metadataOnly ? "PartialObjectMetadata" : "Deployment",
            "metadata": ["resourceVersion": "999", "annotations": ["k8s.io/initial-events-end": "true"]],
        ]
        return framed([(["type": "BOOKMARK", "object": object] as JSONValue).jsonText])
    }

    private func framed(_ lines: [String]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for line in lines {
            buffer.writeString(String(line.utf8.count + 1, radix: 16) + "\r\n" + line + "\n\r\n")
        }
        return buffer
    }
}

/// The text of an event with places for what differs.
private struct Template {
    private let text: String

    init(type: String, _ object: JSONValue) {
        text = (["type": .string(type), "object": object] as JSONValue).jsonText
    }

    func line(object: Int, version: Int) -> String {
        let digits = String(object)
        let padded = String(repeating: "0", count: 12 - digits.count) + digits
        return
            text
            .replacing("NAME", with: "web-\(object)")
            .replacing("REGION", with: "REGION_\(object % RecordedEvents.applications)")
            .replacing("\"UID\"", with: "\"5b0f3c52-7d1e-4c0a-9b1f-\(padded)\"")
            .replacing("\"VERSION\"", with: "\"\(version)\"")
    }
}
