import K8sClient
import Testing

@testable import devcluster

@Suite struct CustomResourceSchemaTests {
    private func schema(_ spec: JSONValue) -> Schema {
        var reader = StructuralSchema()
        let schema = reader.object(["type": "object", "properties": ["spec": spec]], path: "schema")
        #expect(reader.errors.isEmpty, "\(reader.errors)")
        return schema
    }

    private func errors(_ spec: JSONValue, _ value: JSONValue) -> [String] {
        var errors: [FieldError] = []
        SchemaValidation.validate(["spec": value], schema(spec), &errors)
        return errors.map(\.description)
    }

    @Test("defaults reach into objects that a default brought, and into items of lists")
    func nestedDefaults() {
        let schema = schema([
            "type": "object",
            "properties": [
                "nested": [
                    "type": "object", "default": [:], "properties": ["on": ["type": "boolean", "default": true]],
                ],
                "list": [
                    "type": "array",
                    "items": ["type": "object", "properties": ["port": ["type": "integer", "default": 80]]],
                ],
            ],
        ])
        var object: JSONValue = ["spec": ["list": [[:], ["port": 1]]]]
        Defaulting.apply(to: &object, schema)
        #expect(object == ["spec": ["nested": ["on": true], "list": [["port": 80], ["port": 1]]]])
    }

    @Test("unknown members are left out and reported, but not below preserve-unknown-fields")
    func pruning() {
        let schema = schema([
            "type": "object",
            "properties": [
                "known": ["type": "string"],
                "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
            ],
        ])
        var decoding = Decoding(isBuiltIn: false)
        let object = decoding.decode(
            ["spec": ["known": "x", "bogus": 1, "free": ["any": ["thing": 1]]], "extra": 2], schema)
        #expect(object == ["spec": ["known": "x", "free": ["any": ["thing": 1]]]])
        #expect(decoding.unknownFields == ["extra", "spec.bogus"])
    }

    @Test("a null where a default waits becomes the default; a nullable one stays null")
    func nulls() {
        let schema = schema([
            "type": "object",
            "properties": [
                "a": ["type": "string", "default": "x"], "b": ["type": "string", "nullable": true, "default": "y"],
            ],
        ])
        var decoding = Decoding(isBuiltIn: false)
        var object = decoding.decode(["spec": ["a": .null, "b": .null]], schema)
        Defaulting.apply(to: &object, schema)
        #expect(object["spec"] == ["a": "x", "b": .null])
    }

    @Test(
        "each rule is refused in the API server's words",
        arguments: [
            (
                #"{"type":"string","pattern":"^a+$"}"#, #""b""#,
                #"spec: Invalid value: "b": spec in body should match '^a+$'"#
            ),
            (
                #"{"type":"string","minLength":2}"#, #""b""#,
                #"spec: Invalid value: "b": spec in body should be at least 2 chars long"#
            ),
            (#"{"type":"string","maxLength":2}"#, #""abc""#, "spec: Too long: may not be more than 2 bytes"),
            (
                #"{"type":"string","enum":["A","B"]}"#, #""C""#,
                #"spec: Unsupported value: "C": supported values: "A", "B""#
            ),
            (
                #"{"type":"integer","minimum":1}"#, "0",
                "spec: Invalid value: 0: spec in body should be greater than or equal to 1"
            ),
            (
                #"{"type":"integer","maximum":1,"exclusiveMaximum":true}"#, "1",
                "spec: Invalid value: 1: spec in body should be less than 1"
            ),
            (
                #"{"type":"integer"}"#, #""1""#,
                #"spec: Invalid value: "string": spec in body must be of type integer: "string""#
            ),
            (
                #"{"type":"array","items":{"type":"string"},"maxItems":1}"#, #"["a","b"]"#,
                "spec: Too many: 2: must have at most 1 item"
            ),
            (
                #"{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}"#, #"["a","a"]"#,
                #"spec[1]: Duplicate value: "a""#
            ),
            (
                #"{"type":"string","format":"date-time"}"#, #""soon""#,
                #"spec: Invalid value: "soon": spec in body must be of type date-time: "soon""#
            ),
            (
                #"{"type":"object","required":["x"],"properties":{"x":{"type":"string"}}}"#, "{}",
                "spec.x: Required value"
            ),
            (
                #"{"x-kubernetes-int-or-string":true}"#, "true",
                #"spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean""#
            ),
        ])
    func rules(_ schema: String, _ value: String, _ message: String) throws {
        #expect(errors(try JSONValue(parsing: schema), try JSONValue(parsing: value)) == [message])
    }

    @Test("int-or-string takes both, anyOf and not are judged")
    func combinations() {
        #expect(errors(["x-kubernetes-int-or-string": true], 1).isEmpty)
        #expect(errors(["x-kubernetes-int-or-string": true], "25%").isEmpty)
        let either: JSONValue = [
            "type": "object", "properties": ["a": ["type": "string"], "b": ["type": "string"]],
            "oneOf": [["required": ["a"]], ["required": ["b"]]],
        ]
        #expect(errors(either, ["a": "1"]).isEmpty)
        #expect(errors(either, ["a": "1", "b": "2"]).count == 1)
        #expect(errors(either, [:]).count == 1)
    }

    @Test(
        "a schema that is not structural is refused",
        arguments: [
            #"{"properties":{"a":{}}}"#, #"{"type":"object","properties":{"a":{"type":"array"}}}"#,
            #"{"type":"object","properties":{"a":{"type":"text"}}}"#,
            #"{"type":"object","properties":{"a":{"type":"string","pattern":"("}}}"#,
            #"{"type":"object","properties":{"a":{"type":"string","x-kubernetes-validations":[{"message":"no rule"}]}}}"#,
            #"{"type":"object","bogus":true}"#,
        ])
    func notStructural(_ text: String) throws {
        var reader = StructuralSchema()
        _ = reader.object(try JSONValue(parsing: text), path: "schema")
        #expect(!reader.errors.isEmpty)
    }

    @Test(
        "JSONPath follows members, positions and filters",
        arguments: [
            (".spec.replicas", "[3]"), (#".status.conditions[?(@.type=="Ready")].status"#, #"["True"]"#),
            (".list[0]", #"["a"]"#), (".list[-1]", #"["b"]"#), (".list[*]", #"["a","b"]"#),
            (#".metadata.labels['app.kubernetes.io/name']"#, #"["x"]"#),
            (#".metadata.labels.app\.kubernetes\.io/name"#, #"["x"]"#),
            (".nothing.here", "[]"),
        ])
    func jsonPath(_ path: String, _ expected: String) throws {
        let object: JSONValue = [
            "spec": ["replicas": 3], "list": ["a", "b"], "metadata": ["labels": ["app.kubernetes.io/name": "x"]],
            "status": [
                "conditions": [["type": "Old", "status": "False"], ["type": "Ready", "status": "True"]]
            ],
        ]
        #expect(.array(try JSONPath(path).values(in: object)) == (try JSONValue(parsing: expected)))
    }

    @Test("a printer column shows what its path leads to")
    func columns() throws {
        let definition = CustomResourceDefinition([
            "metadata": ["name": "widgets.example.dev"],
            "spec": [
                "group": "example.dev", "scope": "Namespaced", "names": ["kind": "Widget", "plural": "widgets"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object"]],
                        "additionalPrinterColumns": [
                            ["name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"],
                            ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
                        ],
                    ]
                ],
            ],
        ])
        #expect(definition.errors.isEmpty)
        let kind = try #require(definition.kinds.first)
        let cells = kind.cells([
            "metadata": ["name": "w", "creationTimestamp": "2020-01-01T00:00:00Z"], "spec": ["replicas": 4],
        ])
        #expect(cells.prefix(2) == ["w", 4])
        #expect(cells.last?.string?.hasSuffix("y") == true || cells.last?.string?.contains("y") == true)
    }
}
