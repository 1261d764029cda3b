import FoundationEssentials
import Glibc
import K8sClient
import Testing

@testable import devcluster

@Suite("Pods on the node", .serialized)
struct NodePodTests {
    private static func containerStatus(_ pod: JSONValue) -> JSONValue? {
        pod.items("status", "containerStatuses").first
    }

    @Test("A pod that ends well is Succeeded, and its log can be read")
    func succeeds() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: hello}, spec: {restartPolicy: Never, containers: [{name: app, image: shell,
                  args: ['echo "I am $HOSTNAME"; echo problem >&2; cat /var/run/secrets/kubernetes.io/serviceaccount/token']}]}}
                """)
            let pod = try await cluster.pod("hello", "succeeds") { $0["status", "phase"]?.string == "Succeeded" }
            let ended = Self.containerStatus(pod)?["state", "terminated"]
            #expect(ended?["exitCode"]?.int == 0)
            #expect(ended?["reason"]?.string == "Completed")
            #expect(pod["status", "podIP"]?.string?.hasPrefix("127.") == true)
            let log = try await cluster.log(pod, "app")
            #expect(log.contains("I am hello\n"))
            #expect(log.contains("problem\n"))
            #expect(log.contains("token of default/default for hello\n") || log.contains("token of default/default"))
        }
    }

    @Test("A failing container backs off, its exit code and its previous log are kept, and it counts its restarts")
    func backsOff() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: fails}, spec: {containers: [{name: app, image: shell, args: ['echo no; exit 7'],
                  terminationMessagePolicy: FallbackToLogsOnError}]}}
                """)
            let pod = try await cluster.pod("fails", "waits in CrashLoopBackOff after three restarts") {
                let status = Self.containerStatus($0)
                return status?["restartCount"]?.int ?? 0 >= 3
                    && status?["state", "waiting", "reason"]?.string == "CrashLoopBackOff"
            }
            let last = Self.containerStatus(pod)?["lastState", "terminated"]
            #expect(last?["exitCode"]?.int == 7)
            #expect(last?["message"]?.string == "no\n")
            #expect(pod["status", "phase"]?.string == "Running")
            #expect(pod.isTrue("Ready") == false)
            var options = LogOptions()
            options.previous = true
            #expect(try await cluster.log(pod, "app", options) == "no\n")
            try await cluster.wait("an event says so") {
                cluster.events().contains {
                    $0.hasPrefix("BackOff: Back-off restarting failed container app in pod fails")
                }
            }
        }
    }

    @Test("A process that is killed is started again, and the pod keeps its address")
    func restarts() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                "{metadata: {name: up}, spec: {containers: [{name: app, image: shell, args: ['echo run; exec sleep 1000']}]}}"
            )
            let before = try await cluster.pod("up", "runs") { $0.isTrue("Ready") }
            // Killed from outside, as the kernel does on memory shortage.
            try await cluster.wait("its program runs") { Self.sleeper(of: before) != nil }
            #expect(kill(try #require(Self.sleeper(of: before)), SIGKILL) == 0)
            let after = try await cluster.pod("up", "runs again") {
                Self.containerStatus($0)?["restartCount"]?.int == 1 && $0.isTrue("Ready")
            }
            #expect(Self.containerStatus(after)?["lastState", "terminated", "exitCode"]?.int == 137)
            #expect(after["status", "podIP"] == before["status", "podIP"])
        }
    }

    /// The machine's number of the pod's `sleep`.
    private static func sleeper(of pod: JSONValue) -> pid_t? {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for case let number? in entries.map({ pid_t($0) }) {
            guard let line = try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8),
                line.hasPrefix("sleep\0"),
                let environment = try? String(contentsOfFile: "/proc/\(number)/environ", encoding: .utf8),
                environment.contains("HOSTNAME=\(pod.meta.name)\0")
            else { continue }
            return number
        }
        return nil
    }

    @Test("What the environment names and is not there holds the container back until it is made")
    func waitsForConfig() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: reads, labels: {tier: back}}, spec: {restartPolicy: Never, containers: [{name: app, image: shell,
                  args: ['echo "$LEVEL $KEY $TIER $BOTH $SVC_SERVICE_PORT"'],
                  envFrom: [{configMapRef: {name: settings}}],
                  env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: api}}},
                        {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}},
                        {name: BOTH, value: "$(KEY)-$(LEVEL)-$(NONE)"}]}]}}
                """)
            _ = try await cluster.pod("reads", "waits for its ConfigMap") {
                Self.containerStatus($0)?["state", "waiting", "message"]?.string == "configmap \"settings\" not found"
            }
            try cluster.create(.configMaps, "{metadata: {name: settings}, data: {LEVEL: info}}")
            _ = try await cluster.pod("reads", "waits for its Secret") {
                Self.containerStatus($0)?["state", "waiting", "reason"]?.string == "CreateContainerConfigError"
                    && Self.containerStatus($0)?["state", "waiting", "message"]?.string == "secret \"keys\" not found"
            }
            try cluster.create(.services, "{metadata: {name: svc}, spec: {ports: [{port: 81}]}}")
            try cluster.create(.secrets, "{metadata: {name: keys}, data: {api: c2VjcmV0}}")
            let pod = try await cluster.pod("reads", "succeeds") { $0["status", "phase"]?.string == "Succeeded" }
            #expect(try await cluster.log(pod, "app") == "info secret back secret-info-$(NONE) 81\n")
            try await cluster.wait("an event says so") {
                cluster.events().contains { $0.hasPrefix("Failed: Error: configmap \"settings\" not found") }
            }
        }
    }

    @Test("An image that is not mapped is ErrImagePull with an event that says so")
    func unmappedImage() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods, "{metadata: {name: x}, spec: {containers: [{name: app, image: 'registry.example/none:1'}]}}")
            let pod = try await cluster.pod("x", "waits for its image") {
                Self.containerStatus($0)?["state", "waiting", "reason"]?.string == "ErrImagePull"
            }
            #expect(pod["status", "phase"]?.string == "Pending")
            try await cluster.wait("an event says so") {
                cluster.events().contains { $0.hasPrefix("Failed: Failed to pull image \"registry.example/none:1\"") }
            }
        }
    }

    @Test(
        "Init containers run in order before the others; volumes are where they are mounted, also where the machine has no such directory"
    )
    func initAndVolumes() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(.configMaps, "{metadata: {name: c}, data: {a.txt: alpha, b.txt: beta}}")
            try cluster.create(
                .pods,
                """
                {metadata: {name: v}, spec: {restartPolicy: Never,
                  securityContext: {runAsUser: 1234},
                  volumes: [{name: work, emptyDir: {}}, {name: conf, configMap: {name: c, items: [{key: a.txt, path: sub/a}]}},
                            {name: all, configMap: {name: c}}],
                  initContainers: [
                    {name: one, image: shell, args: ['echo 1 >> /data/log'], volumeMounts: [{name: work, mountPath: /data}]},
                    {name: two, image: shell, args: ['echo 2 >> /data/log'], volumeMounts: [{name: work, mountPath: /data}]}],
                  containers: [{name: app, image: shell,
                    args: ['cat /srv/deep/er/log /etc/chat/config/sub/a /etc/one.txt; id -u; touch /etc/x; touch /etc/chat/config/x;
                            touch /tmp/ok && echo temporary; ls /etc/passwd; cat /etc/hosts'],
                    volumeMounts: [{name: work, mountPath: /srv/deep/er}, {name: conf, mountPath: /etc/chat/config, readOnly: true},
                                   {name: all, mountPath: /etc/one.txt, subPath: b.txt}]}]}}
                """)
            let pod = try await cluster.pod("v", "ends") {
                ["Succeeded", "Failed"].contains($0["status", "phase"]?.string)
            }
            let log = try await cluster.log(pod, "app")
            // Standard output and error are two pipes: their lines keep no order between them.
            #expect(log.hasPrefix("1\n2\n") && log.contains("alphabeta"), "\(log)")
            #expect(log.contains("1234\n"))
            #expect(log.contains("touch: cannot touch '/etc/x': Read-only file system"))
            #expect(log.contains("touch: cannot touch '/etc/chat/config/x': Read-only file system"))
            #expect(log.contains("temporary\n") && log.contains("/etc/passwd\n"))
            #expect(log.contains("\(pod["status", "podIP"]?.string ?? "?")\tv\n"))
            #expect(pod.isTrue("Initialized"))
        }
    }

    @Test("Readiness gates the endpoints, and a failed liveness probe restarts the container")
    func probes() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .services, "{metadata: {name: s}, spec: {selector: {app: s}, ports: [{port: 80, targetPort: 8000}]}}")
            try cluster.create(
                .pods,
                """
                {metadata: {name: s, labels: {app: s}}, spec: {containers: [{name: app, image: shell,
                  args: ['touch /tmp/live; sleep 0.5; touch /tmp/ready; sleep 1000'],
                  readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1},
                  livenessProbe: {exec: {command: [test, -e, /tmp/live]}, periodSeconds: 1, failureThreshold: 3}}]}}
                """)
            try await cluster.wait("the pod is an endpoint that is not ready") {
                cluster.get(.endpoints, "s")?.items("subsets").first?.items("notReadyAddresses").count == 1
            }
            let pod = try await cluster.pod("s", "is ready") { $0.isTrue("Ready") }
            try await cluster.wait("the pod is a ready endpoint") {
                cluster.get(.endpoints, "s")?.items("subsets").first?.items("addresses").first?["ip"]
                    == pod["status", "podIP"]
            }
            let temporary = "\(cluster.directory)/pods/default_s_\(pod.meta.uid)/tmp/app/live"
            try FileManager.default.removeItem(atPath: temporary)
            _ = try await cluster.pod("s", "was restarted") {
                Self.containerStatus($0)?["restartCount"]?.int ?? 0 > 0
            }
            try await cluster.wait("events say why") {
                let events = cluster.events()
                return events.contains { $0.hasPrefix("Unhealthy: Liveness probe failed:") }
                    && events.contains {
                        $0.hasPrefix("Killing: Container app failed liveness probe, will be restarted")
                    }
            }
        }
    }

    @Test("A deleted pod is told to end, given its grace, killed after it, and its object goes last")
    func terminates() async throws {
        try await RunningCluster.run { cluster in
            for (name, script) in [
                ("polite", "trap 'echo bye; exit 0' TERM; echo set; while :; do sleep 0.05; done"),
                ("deaf", "trap '' TERM; echo set; while :; do sleep 0.05; done"),
            ] {
                try cluster.create(
                    .pods,
                    """
                    {metadata: {name: \(name)}, spec: {terminationGracePeriodSeconds: 3,
                      containers: [{name: app, image: shell, args: ["\(script)"]}]}}
                    """)
                let pod = try await cluster.pod(name, "runs") { $0.isTrue("Ready") }
                // A shell that was told to end before it came to its trap would just end.
                let deadline = ContinuousClock.now + .seconds(30)
                while try await cluster.log(pod, "app") != "set\n", ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let polite = try #require(cluster.get(.pods, "polite"))
            var options = LogOptions()
            options.follow = true
            let follower = Task { [options] in try await cluster.log(polite, "app", options) }
            let begin = ContinuousClock.now
            try cluster.cluster.delete(.pods, namespace: "default", name: "polite", Deletion())
            try cluster.cluster.delete(.pods, namespace: "default", name: "deaf", Deletion())
            #expect(cluster.get(.pods, "deaf")?.meta.isDeleting == true)
            try await cluster.wait("the polite pod is gone") { cluster.get(.pods, "polite") == nil }
            #expect(ContinuousClock.now - begin < .seconds(3))
            try await cluster.wait("the deaf pod is gone") { cluster.get(.pods, "deaf") == nil }
            #expect(ContinuousClock.now - begin >= .seconds(3))
            #expect(try await follower.value == "set\nbye\n")
            #expect(
                !FileManager.default.fileExists(atPath: "\(cluster.directory)/pods/default_polite_\(polite.meta.uid)"))
        }
    }
}
