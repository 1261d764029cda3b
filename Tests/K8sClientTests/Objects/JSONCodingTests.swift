import K8sClient
import Testing

@Suite("Typed objects from JSON and back")
struct JSONCodingTests {
    private struct Sample: Codable, Hashable {
        struct Item: Codable, Hashable {
            var name: String
            var port: UInt16?
        }
        enum Mode: String, Codable { case fast, slow }
        var replicas: Int
        var ratio: Double
        var isOn: Bool
        var mode: Mode
        var items: [Item]
        var labels: [String: String]
        var extra: JSONValue
        var nested: [[Int]]
        var optional: String?
    }

    private let json: JSONValue = [
        "replicas": 3, "ratio": 0.5, "isOn": true, "mode": "fast",
        "items": [["name": "a", "port": 80], ["name": "b"]],
        "labels": ["x": "y"], "extra": ["any": [1, .null]], "nested": [[1, 2], []],
    ]

    @Test("A value goes into a type and comes back the same")
    func roundTrip() throws {
        let sample = try json.decode(Sample.self)
        #expect(sample.replicas == 3)
        #expect(sample.items[0].port == 80)
        #expect(sample.extra == ["any": [1, .null]])
        #expect(try JSONValue(encoding: sample) == json)
    }

    @Test(
        "What does not fit is named by its path",
        arguments: [
            (["replicas"], "x", ".replicas: must be an integer, not a string"),
            (["replicas"], 1.5, ".replicas: 1.5 is no integer in Int's range"),
            (["labels", "x"], 1, ".labels.x: must be a string, not a number"),
            (["items"], [["name": "a"], ["name": .null]], ".items[1].name: must be a string, not null"),
            (["items"], [[:]], ".items[0].name: is missing"),
            (["items"], [["name": "a", "port": 70000]], ".items[0].port: 70000 is no integer in UInt16's range"),
            (["nested"], [[1], 2], ".nested[1]: must be an array, not a number"),
            (["isOn"], "true", ".isOn: must be true or false, not a string"),
        ] as [([String], JSONValue, String)])
    func paths(path: [String], value: JSONValue, message: String) {
        var broken = json
        broken[path: path[...]] = value
        do {
            _ = try broken.decode(Sample.self)
            Issue.record("it was taken")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("An enumeration's unknown case is named by its path")
    func unknownCase() {
        var broken = json
        broken["mode"] = "medium"
        let error = #expect(throws: JSONDecodingError.self) { try broken.decode(Sample.self) }
        #expect(error?.path == ".mode")
    }

    @Test("Numbers that JSON does not have are refused with their path")
    func numbers() {
        let error = #expect(throws: JSONEncodingError.self) { try JSONValue(encoding: ["a": [Double.nan]]) }
        #expect(error?.path == ".a[0]")
        #expect(throws: JSONEncodingError.self) { try JSONValue(encoding: [UInt64.max]) }
    }

    @Test("Metadata decodes with what is missing empty, and encodes without what is empty")
    func metadata() throws {
        let json: JSONValue = [
            "name": "a", "generation": 2, "labels": ["x": "y"],
            "ownerReferences": [["apiVersion": "v1", "kind": "K", "name": "o", "uid": "u", "controller": true]],
            "managedFields": [["manager": "m", "operation": "Apply", "fieldsV1": ["f:spec": [:]]]],
        ]
        let metadata = try json.decode(ObjectMeta.self)
        #expect(metadata.annotations.isEmpty)
        #expect(metadata.namespace == nil)
        #expect(metadata.ownerReferences.first?.controller == true)
        #expect(metadata.managedFields.first?.fieldsV1 == ["f:spec": [:]])
        #expect(try JSONValue(encoding: metadata) == json)
    }

    @Test("A dynamic object tells its key and version, whatever shape it has")
    func dynamic() {
        let object: JSONValue = ["metadata": ["name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7"]]
        #expect(object.objectKey == ObjectKey(namespace: "n", name: "a"))
        #expect(object.uid == "u")
        #expect(object.resourceVersion == "7")
        #expect(object.metadata.name == "a")
        for odd in [.null, "x", [:], ["metadata": 3], ["metadata": ["name": 3]]] as [JSONValue] {
            #expect(odd.objectKey == ObjectKey(name: ""))
            #expect(odd.resourceVersion.isEmpty)
            #expect(odd.metadata.name.isEmpty)
        }
        #expect((["metadata": ["name": "a", "labels": 3]] as JSONValue).metadata.name == "a")
    }

    @Test("Moments are written as the API writes them")
    func timestamps() {
        #expect(Timestamp(microseconds: 1_700_000_000_000_042).seconds == "2023-11-14T22:13:20Z")
        #expect(Timestamp(microseconds: 1_700_000_000_000_042).micro == "2023-11-14T22:13:20.000042Z")
        #expect(Timestamp(microseconds: -1).micro == "1969-12-31T23:59:59.999999Z")
    }

    @Test("Errors are retryable when time can heal them")
    func retryable() {
        #expect(KubernetesError(.connection, "").isRetryable)
        #expect(KubernetesError(.timeout, "").isRetryable)
        for status in [409, 429, 500, 503] { #expect(KubernetesError(.api, "", httpStatus: status).isRetryable) }
        for status in [400, 403, 404, 422] { #expect(!KubernetesError(.api, "", httpStatus: status).isRetryable) }
        #expect(!KubernetesError(.tls, "").isRetryable)
        #expect(!KubernetesError(.configuration, "").isRetryable)
    }
}
