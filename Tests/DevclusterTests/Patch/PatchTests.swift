import K8sClient
import Testing

@testable import devcluster

@Suite struct PatchTests {
    @Test("a merge patch sets, replaces and, with null, removes")
    func merge() {
        let target: JSONValue = ["a": "b", "c": ["d": "e", "f": "g"], "l": [1, 2]]
        let patch: JSONValue = ["a": "z", "c": ["f": .null], "l": [3]]
        #expect(MergePatch.apply(patch, to: target) == ["a": "z", "c": ["d": "e"], "l": [3]])
    }

    @Test("JSON patch operations apply in order, with escaped names and list positions")
    func json() throws {
        let target: JSONValue = ["m": ["a/b": 1], "l": ["x", "y"]]
        let patch: JSONValue = [
            ["op": "test", "path": "/m/a~1b", "value": 1], ["op": "replace", "path": "/m/a~1b", "value": 2],
            ["op": "add", "path": "/l/1", "value": "between"], ["op": "add", "path": "/l/-", "value": "end"],
            ["op": "remove", "path": "/l/0"], ["op": "copy", "from": "/l/0", "path": "/first"],
            ["op": "move", "from": "/m", "path": "/n"],
        ]
        #expect(
            try JSONPatch.apply(patch, to: target)
                == ["n": ["a/b": 2], "l": ["between", "y", "end"], "first": "between"])
    }

    @Test(
        "a JSON patch that does not fit is refused and changes nothing",
        arguments: [
            #"[{"op":"test","path":"/a","value":2}]"#, #"[{"op":"remove","path":"/b"}]"#,
            #"[{"op":"replace","path":"/b","value":1}]"#, #"[{"op":"add","path":"/x/y","value":1}]"#,
            #"[{"op":"add","path":"/l/7","value":1}]"#, #"[{"op":"jump","path":"/a"}]"#, #"[{"path":"/a"}]"#, #"{}"#,
        ])
    func badJSONPatch(_ text: String) throws {
        let patch = try JSONValue(parsing: text)
        #expect(throws: JSONPatch.Failure.self) { try JSONPatch.apply(patch, to: ["a": 1, "l": [1]]) }
    }

    private let pod = BuiltInTypes.object("Pod")

    @Test("a strategic merge patch finds containers by name and deletes them by directive")
    func strategic() {
        let target: JSONValue = [
            "spec": ["containers": [["name": "a", "image": "a:1", "args": ["x"]], ["name": "b", "image": "b:1"]]]
        ]
        let patch: JSONValue = [
            "spec": [
                "containers": [
                    ["name": "a", "image": "a:2"], ["name": "b", "$patch": "delete"], ["name": "c", "image": "c:1"],
                ]
            ]
        ]
        #expect(
            StrategicMergePatch.apply(patch, to: target, pod) == [
                "spec": [
                    "containers": [["name": "a", "image": "a:2", "args": ["x"]], ["name": "c", "image": "c:1"]]
                ]
            ])
    }

    @Test(
        "$setElementOrder orders the named items, $deleteFromPrimitiveList takes from a set, $retainKeys keeps the rest out"
    )
    func directives() {
        let target: JSONValue = [
            "metadata": ["finalizers": ["x", "y"]],
            "spec": ["containers": [["name": "a"], ["name": "b"], ["name": "z"]], "os": ["name": "linux", "old": 1]],
        ]
        let patch: JSONValue = [
            "metadata": ["$deleteFromPrimitiveList/finalizers": ["x"]],
            "spec": [
                "$setElementOrder/containers": [["name": "b"], ["name": "a"]],
                "os": ["$retainKeys": ["name"], "name": "linux"],
            ],
        ]
        let result = StrategicMergePatch.apply(patch, to: target, pod)
        #expect(result["metadata", "finalizers"] == ["y"])
        #expect(result["spec", "containers"] == [["name": "b"], ["name": "a"], ["name": "z"]])
        #expect(result["spec", "os"] == ["name": "linux"])
    }
}
