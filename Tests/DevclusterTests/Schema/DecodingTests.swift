import K8sClient
import Testing

@testable import devcluster

@Suite struct DecodingTests {
    @Test("quantities become text, nulls vanish and unknown fields of built-in kinds are reported by path")
    func builtIn() {
        var decoding = Decoding(isBuiltIn: true)
        let pod = decoding.decode(
            [
                "metadata": ["name": "p", "creationTimestamp": .null],
                "spec": [
                    "containers": [["name": "a", "resources": ["limits": ["cpu": 2]], "imagee": "x"]]
                ],
            ], BuiltInTypes.object("Pod"))
        #expect(pod["metadata"] == ["name": "p"])
        #expect(pod["spec", "containers"] == [["name": "a", "resources": ["limits": ["cpu": "2"]]]])
        #expect(decoding.unknownFields == ["spec.containers[0].imagee"])
        #expect(decoding.failure == nil)
    }

    @Test(
        "values of another type make an object of a built-in kind unreadable",
        arguments: [
            (#"{"spec":{"replicas":"3"}}"#, "cannot unmarshal string"),
            (#"{"spec":{"replicas":99999999999}}"#, "int32"),
            (#"{"spec":{"template":{"spec":{"containers":{}}}}}"#, "cannot unmarshal object"),
            (#"{"metadata":{"labels":{"a":1}}}"#, "cannot unmarshal number"),
            (#"{"metadata":{"creationTimestamp":"yesterday"}}"#, "parsing time"),
        ])
    func unreadable(_ text: String, _ words: String) throws {
        var decoding = Decoding(isBuiltIn: true)
        _ = decoding.decode(try JSONValue(parsing: text), BuiltInTypes.object("Deployment"))
        #expect(decoding.failure?.contains(words) == true)
    }

    @Test("a typed client's protobuf reads as the object that it means")
    func protobuf() throws {
        // metadata{name:"web", labels{app:"web"}}, spec{replicas:2, selector…} of an apps/v1 Deployment.
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        let labels: [UInt8] = [11 << 3 | 2] + { [UInt8($0.count)] + $0 }(text(1, "app") + text(2, "web"))
        let metadata = text(1, "web") + text(3, "") + labels
        let probe = field(1, field(2, text(1, "/health") + field(2, [0x08, 0, 0x10, 0xC0, 0x3E])))
        let container = text(1, "c") + text(2, "web:1") + field(11, probe)
        let template = field(3, field(1, [])) + field(3, field(2, field(2, container)))
        let spec: [UInt8] = [0x08, 2] + template
        let object = try ProtobufDecoding.object(
            (field(1, metadata) + field(2, spec))[...], BuiltInTypes.object("Deployment"))
        #expect(object["metadata"] == ["name": "web", "labels": ["app": "web"]])
        #expect(object["spec", "replicas"] == 2)
        #expect(
            object["spec", "template", "spec", "containers"] == [
                [
                    "name": "c", "image": "web:1",
                    "readinessProbe": ["httpGet": ["path": "/health", "port": 8000]],
                ]
            ])
    }

    @Test("cut off or lying protobuf is refused, not trusted", arguments: [[0x0A, 0xFF], [0x0A], [0x0F], [0x08]])
    func badProtobuf(_ bytes: [UInt8]) {
        #expect(throws: ProtobufReader.Malformed.self) {
            try ProtobufDecoding.object(bytes[...], BuiltInTypes.object("Pod"))
        }
    }

    @Test(
        "quantities are compared by amount",
        arguments: [("100m", "0.1"), ("1Gi", "1073741824"), ("2k", "2000"), ("1e3", "1000"), (".5", "500m")])
    func quantities(_ left: String, _ right: String) throws {
        let (left, right) = (try #require(Quantity(left)), try #require(Quantity(right)))
        #expect(abs(left.value - right.value) < 1e-9)
    }

    @Test("texts that are no quantity are told apart", arguments: ["", "x", "1.2.3", "1Q", "--1"])
    func notQuantities(_ text: String) { #expect(Quantity(text) == nil) }

    @Test("times are read and written, offsets and fractions included")
    func times() {
        #expect(Timestamp.seconds("1970-01-01T00:00:00Z") == 0)
        #expect(Timestamp.seconds("2026-11-24T03:00:00+01:00") == Timestamp.seconds("2026-11-24T02:00:00Z"))
        #expect(Timestamp.seconds("2026-01-01T00:00:00.250000Z")?.truncatingRemainder(dividingBy: 1) == 0.25)
        #expect(Timestamp.format(seconds: 951_827_696) == "2000-02-29T12:34:56Z")
        #expect(Timestamp.seconds("2026-13-01T00:00:00Z") == nil)
    }

    @Test("base64 is checked to the byte", arguments: [("***", 0), ("YW=", 3), ("YWJj*", 4)])
    func base64(_ text: String, _ offset: Int) {
        #expect(Base64.problem(text) == "illegal base64 data at input byte \(offset)")
        #expect(Base64.decode(Base64.encode("any carnal pleas".utf8)) == Array("any carnal pleas".utf8))
    }
}
