import K8sClient
import Testing

@testable import devcluster

@Suite("What the node decides")
struct NodePlanTests {
    /// A machine's file system in memory.
    private struct Files: HostFiles {
        var entries: [String: HostFileKind]

        func kind(_ path: String) -> HostFileKind? { path == "/" ? .directory : entries[path] }

        func children(_ directory: String) -> [String] {
            let prefix = directory == "/" ? "/" : directory + "/"
            return entries.keys.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("/") }
                .map { String($0.dropFirst(prefix.count)) }
        }
    }

    private static let files = Files(entries: [
        "/usr": .directory, "/bin": .symlink("usr/bin"), "/etc": .directory, "/etc/hosts": .file,
        "/etc/passwd": .file, "/var": .directory, "/var/run": .symlink("/run"), "/run": .directory, "/tmp": .directory,
    ])

    private static func root(_ mounts: [Mount], visible: [String] = []) -> String {
        RootPlan(
            mounts: mounts, temporary: Mount(source: "/pod/tmp", target: "", isReadOnly: false), visible: visible,
            host: files
        ).arguments.joined(separator: " ")
    }

    @Test("The machine is shown read-only, with a /tmp of the pod's own")
    func root() {
        let root = Self.root([])
        #expect(root.contains("--symlink usr/bin /bin"))
        #expect(root.contains("--ro-bind /usr /usr"))
        #expect(root.contains("--bind /pod/tmp /tmp"))
        #expect(!root.contains("--ro-bind /tmp"))
        #expect(root.hasSuffix("--remount-ro /"))
        #expect(root.contains("--tmpfs /dev --dev-bind-try /dev/null /dev/null"))
        // With bubblewrap's own /dev no probe's command could follow an unprivileged program into its user namespace.
        #expect(!root.contains("--dev /dev"))
    }

    @Test(
        "A mount point that the machine lacks is made by rebuilding the directory above it, before anything is mounted in that"
    )
    func missingMountPoint() throws {
        let root = Self.root([
            Mount(source: "/pod/hosts", target: "/etc/hosts", isReadOnly: true),
            Mount(source: "/pod/conf", target: "/etc/app/conf", isReadOnly: false),
        ])
        let rebuilt = try #require(
            root.firstRange(of: "--tmpfs /etc --ro-bind /etc/hosts /etc/hosts --ro-bind /etc/passwd /etc/passwd"))
        let hosts = try #require(root.firstRange(of: "--ro-bind /pod/hosts /etc/hosts"))
        #expect(rebuilt.upperBound < hosts.lowerBound)
        #expect(root.contains("--bind /pod/conf /etc/app/conf"))
        #expect(root.contains("--remount-ro /etc "))
    }

    @Test("Symbolic links of the machine are followed, so that a mount does not leave the root")
    func links() {
        let root = Self.root([Mount(source: "/pod/token", target: "/var/run/secrets/x", isReadOnly: true)])
        #expect(root.contains("--ro-bind /pod/token /run/secrets/x"))
        #expect(!root.replacing("--tmpfs /dev", with: "").contains("--tmpfs"))
    }

    @Test("A program under a directory that is hidden is shown there")
    func visible() {
        #expect(Self.root([], visible: ["/tmp/build/bin"]).contains("--ro-bind /tmp/build/bin /tmp/build/bin"))
    }

    @Test("Restarts wait not at all, then 10 s, doubling to 5 minutes; a run of 10 minutes starts anew")
    func backoff() {
        var backoff = RestartBackoff()
        let delays = (0..<8).map { _ in backoff.delay(afterRunning: .seconds(1)).components.seconds }
        #expect(delays == [0, 10, 20, 40, 80, 160, 300, 300])
        #expect(backoff.delay(afterRunning: .seconds(600)) == .zero)
    }

    @Test("A probe's verdict changes only at its thresholds")
    func probeThresholds() throws {
        var state = ProbeState(
            try #require(ProbeSpec(["exec": ["command": ["x"]], "failureThreshold": 3, "successThreshold": 2])))
        #expect(state.record(success: true) == nil)
        #expect(state.record(success: true) == true)
        #expect(state.record(success: false) == nil)
        #expect(state.record(success: false) == nil)
        #expect(state.record(success: true) == nil)
        #expect(state.isPassing == true)
        #expect([false, false, false].map { state.record(success: $0) } == [nil, nil, false])
    }

    @Test(
        "Variables are expanded as Kubernetes does",
        arguments: [
            ("$(A)", "1"), ("$(A)$(B)", "1$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("x$", "x$"), ("$(A", "$(A"),
            ("$$$(A)", "$1"),
        ])
    func expansion(_ text: String, _ expected: String) {
        #expect(VariableExpansion.expand(text, ["A": "1"]) == expected)
    }

    @Test(
        "command replaces the image's entrypoint and arguments, args only its arguments, and the program is found by name"
    )
    func program() {
        let image = ImageMap.Image(entrypoint: ["/build/chatgpt-backend"], args: ["serve"])
        func line(_ command: [String], _ args: [String]) -> String {
            let program = Program(image: image, command: command, args: args, environment: ["P": "80"])
            return ([program.executable] + program.arguments).joined(separator: " ")
        }
        #expect(line([], []) == "/build/chatgpt-backend serve")
        #expect(line([], ["migrate"]) == "/build/chatgpt-backend migrate")
        #expect(line(["/usr/local/bin/chatgpt-backend", "backup"], []) == "/build/chatgpt-backend backup")
        #expect(line(["sh", "-c"], ["echo $(P)"]) == "sh -c echo 80")
    }

    @Test("Image references match as a whole or by repository, and mistakes in the file are named")
    func imageMap() throws {
        let map = try ImageMap(
            yaml: """
                images:
                  - image: registry:5000/app
                    entrypoint: [bin/app]
                    env: {HOST: $(POD_IP)}
                  - {image: "tool:2", entrypoint: [/bin/true]}
                """, directory: "/project/")
        #expect(map.image(for: "registry:5000/app:1.2")?.entrypoint == ["/project/bin/app"])
        #expect(map.image(for: "registry:5000/app@sha256:00")?.env == ["HOST": "$(POD_IP)"])
        #expect(map.image(for: "docker.io/library/tool:2") != nil)
        #expect(map.image(for: "tool:3") == nil)
        let error = #expect(throws: ImageMap.FormatError.self) {
            try ImageMap(yaml: "images: [{image: a, command: [x]}]", directory: "/")
        }
        #expect(error?.description.hasPrefix("images[0]: unknown key command") == true)

        let more = try ImageMap(
            yaml:
                "images: [{image: a, entrypoint: [/opt/a/run], user: 7, userName: sam, volumes: [/data], stopSignal: SIGINT}]",
            directory: "/")
        let image = try #require(more.image(for: "a:1"))
        #expect(image.volumes == ["/data"] && image.userName == "sam" && image.stopSignal == ImageMap.signal("SIGINT"))
        #expect(image.files == ["/opt/a"])
        for (member, word) in [
            ("volumes: [data]", "absolute"), ("stopSignal: 9", "SIGTERM"), ("userName: A B", "name"),
        ] {
            let error = #expect(throws: ImageMap.FormatError.self) {
                try ImageMap(yaml: "images: [{image: a, entrypoint: [x], \(member)}]", directory: "/")
            }
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test("The hosts file has Services by their four names, a headless one's pods, and its pods by their own")
    func hostsFile() {
        func service(_ name: String, _ namespace: String, _ address: String) -> JSONValue {
            [
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": ["clusterIP": .string(address)],
            ]
        }
        let text = HostsFile.text(
            pod: [
                "metadata": ["name": "db-0", "namespace": "own"], "spec": ["hostname": "db-0", "subdomain": "db"],
            ], podIP: "127.1.0.9",
            services: [
                service("db", "own", "None"), service("web", "own", "127.2.0.1"), service("web", "far", "127.2.0.2"),
            ],
            headless: { $0.meta.name == "db" ? ["127.1.0.9", "127.1.0.8"] : [] },
            hosts: { $0.meta.name == "db" ? [("db-1", "127.1.0.8")] : [] })
        let names = Dictionary(
            grouping: text.split(separator: "\n").flatMap { line -> [(String, String)] in
                let words = line.split(separator: "\t").map(String.init)
                return words.dropFirst().map { ($0, words[0]) }
            }, by: \.0
        ).mapValues { $0.map(\.1) }
        #expect(names["web"] == ["127.2.0.1"] && names["web.far"] == ["127.2.0.2"])
        #expect(names["web.own.svc"] == ["127.2.0.1"] && names["web.far.svc.cluster.local"] == ["127.2.0.2"])
        #expect(names["db"] == ["127.1.0.9", "127.1.0.8"])
        #expect(names["db-1.db"] == ["127.1.0.8"] && names["db-1.db.own.svc.cluster.local"] == ["127.1.0.8"])
        #expect(names["db-0.db.own.svc.cluster.local"] == ["127.1.0.9"] && names["db-0"] == ["127.1.0.9"])
    }

    @Test("A node that is cordoned or tainted takes only pods that tolerate it")
    func taints() {
        let closed: JSONValue = ["spec": ["unschedulable": true]]
        #expect(Scheduler.refusal(by: closed, of: [:]) == "1 node(s) were unschedulable")
        #expect(Scheduler.refusal(by: closed, of: ["spec": ["tolerations": [["operator": "Exists"]]]]) == nil)
        let tainted: JSONValue = [
            "spec": [
                "taints": [
                    ["key": "a", "value": "b", "effect": "NoSchedule"],
                    ["key": "p", "effect": "PreferNoSchedule"],
                ]
            ]
        ]
        #expect(Scheduler.refusal(by: tainted, of: [:]) == "1 node(s) had untolerated taint {a: b}")
        let tolerant: JSONValue = ["spec": ["tolerations": [["key": "a", "value": "b"]]]]
        #expect(Scheduler.refusal(by: tainted, of: tolerant) == nil)
    }

    @Test("The end of a log, its times and its bytes are cut as asked")
    func logLines() {
        let log = Array("T1 stdout F one\nT2 stderr P tw\nT2 stderr F o\nT3 stdout F three\n".utf8)
        func read(_ timestamps: Bool, _ since: String?, _ limit: Int?) -> String {
            var lines = LogLines(timestamps: timestamps, since: since, limitBytes: limit)
            return String(decoding: lines.read(log[...]), as: UTF8.self)
        }
        #expect(read(false, nil, nil) == "one\ntwo\nthree\n")
        #expect(read(true, "T3", nil) == "T3 three\n")
        #expect(read(false, nil, 5) == "one\nt")
        #expect(LogLines.start(ofLast: 1, in: log) == log.count - 18)
        #expect(LogLines.start(ofLast: 9, in: log) == 0)
    }

    @Test("Endpoints hold the ready pods, resolve named ports in each, and publish others only when asked")
    func endpoints() {
        func pod(_ name: String, ready: Bool, port: Int) -> JSONValue {
            [
                "metadata": ["name": .string(name), "namespace": "n", "uid": .string(name)],
                "spec": ["containers": [["ports": [["name": "http", "containerPort": JSONValue(port)]]]]],
                "status": [
                    "podIP": .string("127.10.0.\(port)"),
                    "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
                ],
            ]
        }
        var service: JSONValue = [
            "metadata": ["name": "s", "namespace": "n", "uid": "u"],
            "spec": ["clusterIP": "127.96.0.9", "ports": [["port": 80, "targetPort": "http", "name": "web"]]],
        ]
        let pods = [pod("a", ready: true, port: 1), pod("b", ready: false, port: 1)]
        let subset = EndpointsPlan(service: service, pods: pods).endpoints.items("subsets").first
        #expect(subset?.items("addresses").map { $0["targetRef", "name"] } == ["a"])
        #expect(subset?.items("notReadyAddresses").map { $0["targetRef", "name"] } == ["b"])
        #expect(subset?.items("ports").first?["port"]?.int == 1)
        service["spec", "publishNotReadyAddresses"] = true
        let all = EndpointsPlan(service: service, pods: pods)
        #expect(all.endpoints.items("subsets").first?.items("addresses").count == 2)
        #expect(all.slice.items("endpoints").allSatisfy { $0["conditions", "ready"] == true })
    }

    @Test("What is stored but has no effect here is named")
    func unenforced() {
        let pod: JSONValue = [
            "spec": [
                "hostNetwork": true,
                "containers": [
                    [
                        "resources": ["limits": ["memory": "1Gi"]],
                        "securityContext": ["capabilities": ["drop": ["ALL"]], "runAsUser": 1],
                    ]
                ],
            ]
        ]
        #expect(
            UnenforcedFields.find(in: pod) == [
                "resources.limits.memory of containers", "securityContext.capabilities of containers",
                "spec.hostNetwork",
            ])
    }
}
