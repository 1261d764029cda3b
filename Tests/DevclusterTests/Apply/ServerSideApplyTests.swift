import K8sClient
import Testing

@testable import devcluster

@Suite struct ServerSideApplyTests {
    private let schema = BuiltInTypes.object("Deployment")

    private func writer(_ manager: String) -> ManagedFields.Writer {
        ManagedFields.Writer(manager: manager, apiVersion: "apps/v1", subresource: "", time: "2026-01-01T00:00:00Z")
    }

    private func deployment(_ containers: JSONValue, replicas: JSONValue? = nil) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
            "spec": ["template": ["spec": ["containers": containers]]],
        ]
        object["spec", "replicas"] = replicas
        return object
    }

    private func apply(_ config: JSONValue, to live: JSONValue, by manager: String, force: Bool = false)
        throws(StatusError) -> JSONValue
    {
        let applied = try ManagedFields.applied(config, to: live, schema, by: writer(manager), force: force)
        var object = applied.object
        object["metadata", "managedFields"] = applied.managedFields
        return object
    }

    private func owners(_ object: JSONValue) -> [String] {
        (object["metadata", "managedFields"]?.array ?? []).compactMap { $0["manager"]?.string }
    }

    @Test("containers of two appliers are merged by name, each keeping its own fields")
    func containersAreMerged() throws {
        var live = try apply(deployment([["name": "app", "image": "a:1"]]), to: [:], by: "one")
        live = try apply(
            deployment([["name": "app", "env": [["name": "X", "value": "1"]]], ["name": "side", "image": "s:1"]]),
            to: live, by: "two")
        let containers = try #require(live["spec", "template", "spec", "containers"]?.array)
        #expect(containers.compactMap { $0["name"]?.string } == ["app", "side"])
        #expect(containers[0]["image"] == "a:1")
        #expect(containers[0]["env"] == [["name": "X", "value": "1"]])
    }

    @Test("a value that another applier owns is a conflict that names it and the field")
    func conflict() throws {
        let live = try apply(deployment([], replicas: 3), to: [:], by: "one")
        let error = #expect(throws: StatusError.self) { try apply(deployment([], replicas: 5), to: live, by: "two") }
        #expect(error?.code == 409)
        #expect(error?.message == "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas")
        #expect(error?.details?["causes"]?.array?.first?["field"] == ".spec.replicas")
    }

    @Test("several conflicts are listed by owner")
    func severalConflicts() throws {
        let live = try apply(
            deployment([["name": "app", "image": "a:1"]], replicas: 3), to: [:], by: "one")
        let error = #expect(throws: StatusError.self) {
            try apply(deployment([["name": "app", "image": "a:2"]], replicas: 5), to: live, by: "two")
        }
        #expect(
            error?.message == """
                Apply failed with 2 conflicts: conflicts with "one":
                - .spec.replicas
                - .spec.template.spec.containers[name="app"].image
                """)
    }

    @Test("the same value is shared, and stays until its last owner drops it")
    func sharedFieldsStay() throws {
        var live = try apply(deployment([], replicas: 3), to: [:], by: "one")
        live = try apply(deployment([], replicas: 3), to: live, by: "two")
        live = try apply(deployment([]), to: live, by: "one")
        #expect(live["spec", "replicas"] == 3)
        live = try apply(deployment([]), to: live, by: "two")
        #expect(live["spec", "replicas"] == nil)
    }

    @Test("a forced apply takes the field and its former owner loses it")
    func force() throws {
        var live = try apply(deployment([], replicas: 3), to: [:], by: "one")
        live = try apply(deployment([], replicas: 5), to: live, by: "two", force: true)
        #expect(live["spec", "replicas"] == 5)
        let entries = ManagedFieldsEntry.read(live["metadata", "managedFields"])
        #expect(entries.first { $0.manager == "one" }?.fields.paths().contains(".spec.replicas") != true)
    }

    @Test("items that an applier drops go, also the keys it named them by")
    func droppedItemsGo() throws {
        var live = try apply(
            deployment([["name": "app", "image": "a:1"], ["name": "old", "image": "o:1"]]), to: [:], by: "one")
        live = try apply(deployment([["name": "app", "image": "a:1"]]), to: live, by: "one")
        #expect(live["spec", "template", "spec", "containers"]?.array?.count == 1)
    }

    @Test("an update takes the fields that it changes from their applier")
    func updateTakesFields() throws {
        let live = try apply(deployment([["name": "app", "image": "a:1"]], replicas: 3), to: [:], by: "one")
        var edited = live
        edited["spec", "replicas"] = 4
        edited["metadata", "managedFields"] = ManagedFields.updated(from: live, to: edited, schema, by: writer("edit"))
        #expect(owners(edited) == ["one", "edit"])
        let entries = ManagedFieldsEntry.read(edited["metadata", "managedFields"])
        #expect(entries.last?.fields.paths() == [".spec.replicas"])
        #expect(entries.first?.fields.paths().contains(".spec.replicas") == false)
    }

    @Test("an update that changes nothing leaves managedFields alone")
    func idleUpdate() throws {
        let live = try apply(deployment([], replicas: 3), to: [:], by: "one")
        #expect(
            ManagedFields.updated(from: live, to: live, schema, by: writer("edit"))
                == live["metadata", "managedFields"])
    }

    @Test("only ten updaters are kept apart; what the oldest wrote becomes one entry")
    func ancientUpdaters() throws {
        let configMap = BuiltInTypes.object("ConfigMap")
        var object: JSONValue = ["metadata": ["name": "c"], "data": [:]]
        for number in 0..<15 {
            var next = object
            next["data", "k\(number)"] = "v"
            var author = writer("editor-\(number)")
            author.time = "2026-01-01T00:00:\(number + 10)Z"
            next["metadata", "managedFields"] = ManagedFields.updated(
                from: object, to: next, configMap, by: author)
            object = next
        }
        let entries = ManagedFieldsEntry.read(object["metadata", "managedFields"])
        #expect(entries.count == 10)
        let ancient = try #require(entries.first { $0.manager == "ancient-changes" })
        #expect(ancient.fields.paths().contains(".data.k0"))
    }

    @Test("field sets read and write the form of managedFields")
    func fieldSetForm() throws {
        let fields: JSONValue = [
            "f:spec": [
                "f:containers": ["k:{\"name\":\"a\"}": [".": [:], "f:image": [:]]], "f:finalizers": ["v:\"x\"": [:]],
            ]
        ]
        let set = FieldSet(fields)
        #expect(set.object == fields)
        #expect(
            set.paths() == [
                ".spec.containers[name=\"a\"]", ".spec.containers[name=\"a\"].image", ".spec.finalizers[=\"x\"]",
            ])
    }
}
