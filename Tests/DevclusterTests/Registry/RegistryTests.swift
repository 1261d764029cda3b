import K8sClient
import Logging
import Testing

@testable import devcluster

@Suite struct RegistryTests {
    private let registry: Registry
    private let configMaps = GroupResource("", "configmaps")

    init() throws {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        registry = Registry(
            store: ClusterStore(), kinds: KindCatalog(BuiltInKinds.all + [CustomResourceDefinition.kind]),
            logger: logger)
        _ = try registry.create(
            GroupResource("", "namespaces"),
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "n"]], manager: "test")
    }

    private func configMap(_ name: String, _ more: JSONValue = [:]) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "n"],
        ]
        for (member, value) in more.object ?? [:] { object["metadata", member] = value }
        return object
    }

    private func create(_ object: JSONValue, in resource: GroupResource? = nil) throws(StatusError) -> JSONValue {
        try registry.create(resource ?? configMaps, object, manager: "test")
    }

    @Test("writers in parallel lose no change")
    func parallelWriters() async throws {
        _ = try create(configMap("c"))
        await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    _ = try? registry.update(
                        configMaps, namespace: "n", name: "c", subresource: nil, manager: "m\(number)"
                    ) { $0["data", "k\(number)"] = "v" }
                }
            }
        }
        let data = try registry.get(configMaps, namespace: "n", name: "c")["data"]?.object
        #expect(data?.count == 20)
    }

    @Test("a change that changes nothing keeps the version")
    func idleUpdate() throws {
        let created = try create(configMap("c"))
        let updated = try registry.update(configMaps, namespace: "n", name: "c", subresource: nil, manager: "m") { _ in
        }
        #expect(updated.meta.resourceVersion == created.meta.resourceVersion)
    }

    @Test("finalizers hold a deleted object, and its last one lets it go")
    func finalizers() throws {
        _ = try create(configMap("c", ["finalizers": ["example.dev/hold"]]))
        try registry.delete(configMaps, namespace: "n", name: "c", Deletion())
        let held = try registry.get(configMaps, namespace: "n", name: "c")
        #expect(held.meta.deletionTimestamp != nil)
        let refused = #expect(throws: StatusError.self) {
            try registry.update(configMaps, namespace: "n", name: "c", subresource: nil, manager: "m") {
                $0["metadata", "finalizers"] = ["example.dev/hold", "example.dev/more"]
            }
        }
        #expect(refused?.code == 422)
        try registry.update(configMaps, namespace: "n", name: "c", subresource: nil, manager: "m") {
            $0["metadata", "finalizers"] = nil
        }
        #expect(throws: StatusError.self) { try registry.get(configMaps, namespace: "n", name: "c") }
    }

    @Test("a change of the status leaves the spec and the generation alone, and the other way round")
    func statusAndSpec() throws {
        let ingresses = GroupResource("networking.k8s.io", "ingresses")
        let created = try create(
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": ["name": "i", "namespace": "n"],
                "spec": ["defaultBackend": ["service": ["name": "s", "port": ["number": 80]]]],
                "status": ["loadBalancer": ["ingress": [["ip": "1.2.3.4"]]]],
            ], in: ingresses)
        #expect(created["status"] == ["loadBalancer": [:]])
        let status = try registry.update(ingresses, namespace: "n", name: "i", subresource: "status", manager: "m") {
            $0["status", "loadBalancer", "ingress"] = [["ip": "1.2.3.4"]]
            $0["spec", "ingressClassName"] = "ignored"
        }
        #expect(status["spec", "ingressClassName"] == nil)
        #expect(status.meta.generation == 1)
        let spec = try registry.update(ingresses, namespace: "n", name: "i", subresource: nil, manager: "m") {
            $0["spec", "ingressClassName"] = "nginx"
            $0["status"] = [:]
        }
        #expect(spec.meta.generation == 2)
        #expect(spec["status", "loadBalancer", "ingress"] == [["ip": "1.2.3.4"]])
    }

    @Test("Services get an address each, keep it, and give it back")
    func serviceAddresses() throws {
        func service(_ name: String, _ address: JSONValue? = nil) -> JSONValue {
            var object: JSONValue = [
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": "n"],
                "spec": ["ports": [["port": 80]]],
            ]
            object["spec", "clusterIP"] = address
            return object
        }
        let services = GroupResource("", "services")
        let first = try create(service("a"), in: services)["spec", "clusterIP"]
        let second = try create(service("b"), in: services)["spec", "clusterIP"]
        #expect(first != nil && first != second)
        #expect(throws: StatusError.self) { try create(service("c", first), in: services) }
        #expect(throws: StatusError.self) { try create(service("c", "10.0.0.1"), in: services) }
        let changed = try registry.update(services, namespace: "n", name: "a", subresource: nil, manager: "m") {
            $0["spec", "selector"] = ["app": "x"]
            $0["spec", "clusterIP"] = nil
        }
        #expect(changed["spec", "clusterIP"] == first)
        try registry.delete(services, namespace: "n", name: "a", Deletion())
        #expect(try create(service("c", first), in: services)["spec", "clusterIP"] == first)
        #expect(try create(service("headless", "None"), in: services)["spec", "clusterIPs"] == ["None"])
    }

    @Test(
        "what people get wrong is refused by field",
        arguments: [
            (#"{"kind":"Deployment","spec":{}}"#, "spec.selector", "apps/v1", "deployments"),
            (
                #"{"kind":"CronJob","spec":{"schedule":"61 * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}}}}"#,
                "spec.schedule", "batch/v1", "cronjobs"
            ),
            (
                #"{"kind":"CronJob","spec":{"schedule":"* * * * *","timeZone":"Mars/Base","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}}}}"#,
                "spec.timeZone", "batch/v1", "cronjobs"
            ),
            (
                #"{"kind":"Job","spec":{"template":{"spec":{"containers":[{"name":"a","image":"i"}]}}}}"#,
                "spec.template.spec.restartPolicy", "batch/v1", "jobs"
            ),
            (
                #"{"kind":"RoleBinding","roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"Robot","name":"x"}]}"#,
                "subjects[0].kind", "rbac.authorization.k8s.io/v1", "rolebindings"
            ),
            (
                #"{"kind":"Lease","spec":{"leaseDurationSeconds":0}}"#, "spec.leaseDurationSeconds",
                "coordination.k8s.io/v1", "leases"
            ),
        ])
    func invalid(_ text: String, _ field: String, _ apiVersion: String, _ resource: String) throws {
        var object = try JSONValue(parsing: text)
        object["apiVersion"] = .string(apiVersion)
        object["metadata"] = ["name": "x", "namespace": "n"]
        let body = object
        let group = Registry.split(apiVersion).group
        let error = #expect(throws: StatusError.self) { try create(body, in: GroupResource(group, resource)) }
        #expect(error?.code == 422)
        #expect(
            error?.details?["causes"]?.array?.contains { $0["field"]?.string == field } == true,
            "\(error?.message ?? "")")
    }

    @Test("the garbage collector deletes what belonged to objects that are gone, and only that")
    func garbage() throws {
        let owner = try create(configMap("owner"))
        let reference: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": .string(owner.meta.uid),
        ]
        _ = try create(configMap("dependent", ["ownerReferences": [reference]]))
        _ = try create(configMap("free"))
        let collector = GarbageCollector(registry: registry, logger: registry.logger)
        collector.collect()
        #expect(try registry.list(configMaps, namespace: "n", labels: [:]).count == 3)
        try registry.delete(configMaps, namespace: "n", name: "owner", Deletion())
        collector.collect()
        #expect(try registry.list(configMaps, namespace: "n", labels: [:]).map(\.meta.name) == ["free"])
    }

    @Test("foreground deletion keeps the owner until its dependents are gone; orphaning lets them live")
    func propagation() throws {
        for propagation in [Deletion.Propagation.foreground, .orphan] {
            let owner = try create(configMap("owner"))
            _ = try create(
                configMap(
                    "dependent",
                    [
                        "finalizers": ["example.dev/hold"],
                        "ownerReferences": [
                            [
                                "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
                                "uid": .string(owner.meta.uid), "blockOwnerDeletion": true,
                            ]
                        ],
                    ]))
            try registry.delete(configMaps, namespace: "n", name: "owner", Deletion(propagation: propagation))
            let collector = GarbageCollector(registry: registry, logger: registry.logger)
            collector.collect()
            let dependent = try registry.get(configMaps, namespace: "n", name: "dependent")
            switch propagation {
            case .foreground:
                #expect(dependent.meta.deletionTimestamp != nil)
                #expect(try registry.get(configMaps, namespace: "n", name: "owner").meta.deletionTimestamp != nil)
            default:
                #expect(dependent.meta.deletionTimestamp == nil)
                #expect(dependent.meta.ownerReferences.isEmpty)
            }
            try registry.update(configMaps, namespace: "n", name: "dependent", subresource: nil, manager: "m") {
                $0["metadata", "finalizers"] = nil
            }
            collector.collect()
            #expect(throws: StatusError.self) { try registry.get(configMaps, namespace: "n", name: "owner") }
            if propagation == .orphan {
                try registry.delete(configMaps, namespace: "n", name: "dependent", Deletion())
            }
        }
    }

    @Test("a watch in process tells every object's newest state even when its reader was far behind")
    func laggingReader() async throws {
        _ = try create(configMap("c"))
        let stream = registry.watch(configMaps, namespace: "n")
        var iterator = stream.makeAsyncIterator()
        #expect(await iterator.next()?.kind == .added)
        for number in 0...(Watcher.capacity + 5) {
            try registry.update(configMaps, namespace: "n", name: "c", subresource: nil, manager: "m") {
                $0["data", "n"] = .string("\(number)")
            }
        }
        var last: JSONValue?
        while let event = await iterator.next() {
            last = event.object["data", "n"]
            if last == .string("\(Watcher.capacity + 5)") { break }
        }
        #expect(last == .string("\(Watcher.capacity + 5)"))
    }

    @Test("events expire an hour after they were last seen")
    func eventExpiry() throws {
        let events = GroupResource("", "events")
        _ = try create(
            [
                "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e", "namespace": "n"],
                "involvedObject": ["kind": "Pod", "name": "p", "namespace": "n"],
                "lastTimestamp": "2020-01-01T00:00:00Z",
            ], in: events)
        let expiry = EventExpiry(registry: registry, logger: registry.logger)
        expiry.expire(before: 0)
        #expect(try registry.list(events, namespace: "n", labels: [:]).count == 1)
        expiry.expire(before: 4_000_000_000)
        #expect(try registry.list(events, namespace: "n", labels: [:]).isEmpty)
    }
}
