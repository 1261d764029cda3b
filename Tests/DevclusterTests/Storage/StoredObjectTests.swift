import K8sClient
import Testing

@testable import devcluster

@Suite struct StoredObjectTests {
    @Test(
        "metadata is found in an object's text, whatever stands before it",
        arguments: [
            #"{"metadata":{"name":"a"}}"#,
            #"{"apiVersion":"v1","data":{"metadata":"no","x":"\"metadata\":{\\"},"kind":"ConfigMap","metadata":{"annotations":{"a":"}]\"\\","b":"[{"},"name":"a"},"spec":[]}"#,
            #"{"a":[[],{},"metadata",{"metadata":{"name":"b"}}],"b":-1.5e+300,"c":null,"d":true,"metadata":{"labels":{"metadata":"m"},"name":"a"}}"#,
        ])
    func metadata(_ text: String) throws {
        let object = try JSONValue(parsing: text)
        let stored = StoredObject(object, resourceVersion: 7, fields: [:], schemaRevision: 0)
        let found = try JSONValue(parsing: Array(try #require(stored.metadataBytes)))
        #expect(try found == stored.decoded()["metadata"])
        #expect(found["name"] == "a")
        #expect(found["resourceVersion"] == "7")
    }

    @Test("a new object reads as one that was read from its text")
    func fresh() throws {
        let text = #"{"a":1.0,"b":[1,null,{"c":"é\n\u0000"}],"metadata":{"name":"a","uid":"u","labels":{"x":"y"}}}"#
        let stored = StoredObject(try JSONValue(parsing: text), resourceVersion: 1, fields: [:], schemaRevision: 0)
        let fresh = try stored.decoded()
        stored.settle()
        #expect(try stored.decoded() == fresh)
        let kept = try StoredObject(bytes: stored.bytes, resourceVersion: 1, fields: [:], schemaRevision: 0)
        #expect(try kept.decoded() == fresh)
        #expect((kept.key, kept.uid) == (stored.key, stored.uid))
        #expect(kept.labels == ["x": "y"])
    }
}
