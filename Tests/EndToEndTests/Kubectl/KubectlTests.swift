import FoundationEssentials
import K8sClient
import Subprocess
import Testing

/// What people do with kubectl, by the oldest and the newest one at hand, as they see it.
@Suite(.cluster, .serialized) struct KubectlTests {
    private func lines(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init) }
    }

    @Test("apply creates, changes, takes out what the file no longer has, and says when nothing changed; diff shows it")
    func applying() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            let first = Manifests.deployment(replicas: 0, env: "{name: A, value: a}, {name: B, value: b}")
            #expect(try await kubectl("apply", "-f", "-", input: first) == "deployment.apps/web created\n")
            #expect(try await kubectl("apply", "-f", "-", input: first) == "deployment.apps/web unchanged\n")
            let second = Manifests.deployment(image: "busybox:2", replicas: 0, env: "{name: B, value: b}")
            let difference = try await kubectl.result(["diff", "-f", "-"], input: second)
            #expect(difference.status == 1, "\(difference.error)")
            let changed = difference.output.split(separator: "\n").filter { $0.hasPrefix("-  ") || $0.hasPrefix("+  ") }
            #expect(changed.contains { $0.hasPrefix("-") && $0.hasSuffix("image: busybox:1") }, "\(changed)")
            #expect(changed.contains { $0.hasPrefix("+") && $0.hasSuffix("image: busybox:2") })
            #expect(try await kubectl("apply", "-f", "-", input: second) == "deployment.apps/web configured\n")
            let env = try await kubectl(
                "get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env[*].name}")
            #expect(env == "B")
            #expect(try await kubectl.result(["diff", "-f", "-"], input: second).status == 0)
            let bad = try await kubectl.refusal(
                "apply", "-f", "-", input: second.replacing("replicas:", with: "replikas:"))
            #expect(bad.contains("replikas"), "\(bad)")
        }
    }

    @Test("apply --server-side names the manager that a change conflicts with, and takes its fields when forced")
    func applyingOnTheServer() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            let first = Manifests.deployment(replicas: 0)
            let second = Manifests.deployment(image: "busybox:2", replicas: 0)
            #expect(
                try await kubectl("apply", "--server-side", "-f", "-", input: first)
                    == "deployment.apps/web serverside-applied\n")
            let conflict = try await kubectl.refusal(
                "apply", "--server-side", "--field-manager=other", "-f", "-", input: second)
            #expect(
                conflict.contains(
                    #"conflict with "kubectl": .spec.template.spec.containers[name="app"].image"#), "\(conflict)")
            try await kubectl(
                "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", input: second)
            #expect(
                try await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
                    == "busybox:2")
        }
    }

    @Test("get prints every form, sorted, selected and watched")
    func getting() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            try await kubectl("apply", "-f", "-", input: Manifests.deployment())
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            let wide = lines(try await kubectl("get", "deploy", "-o", "wide"))
            #expect(
                wide.first
                    == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"])
            #expect(wide.last?.prefix(4) == ["web", "2/2", "2", "2"])
            #expect(wide.last?.suffix(3) == ["app", "busybox:1", "app=web"])
            let pods = lines(try await kubectl("get", "pods", "-o", "wide"))
            #expect(pods[0].prefix(7) == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"])
            #expect(pods.dropFirst().allSatisfy { $0[1] == "1/1" && $0[2] == "Running" && $0[3] == "0" })
            #expect(
                try await kubectl("get", "pods", "-o", "name").split(separator: "\n").allSatisfy {
                    $0.hasPrefix("pod/web-")
                })
            let yaml = try await kubectl("get", "deploy", "web", "-o", "yaml")
            #expect(try YAML.parse(yaml).first?.value["spec", "replicas"] == 2)
            let json = try JSONValue(parsing: try await kubectl("get", "pods", "-o", "json"))
            #expect(json["kind"] == "List" && json["items"]?.array?.count == 2)
            #expect(
                try await kubectl(
                    "get", "deploy", "-o", #"jsonpath={range .items[*]}{.metadata.name}={.spec.replicas}{"\n"}{end}"#)
                    == "web=2\n")
            #expect(
                lines(
                    try await kubectl("get", "deploy", "-o", "custom-columns=N:.metadata.name,R:.spec.replicas"))
                    == [["N", "R"], ["web", "2"]])
            #expect(lines(try await kubectl("get", "deploy", "--show-labels")).last?.last == "app=web")
            let sorted = lines(try await kubectl("get", "pods", "--sort-by=.metadata.name", "--no-headers"))
                .compactMap(\.first)
            #expect(sorted == sorted.sorted() && sorted.count == 2)
            #expect(try await kubectl("get", "pods", "-l", "app!=web").isEmpty)
            #expect(lines(try await kubectl("get", "all")).contains { $0.first == "deployment.apps/web" })

            let watching = Task {
                try await Program.system("timeout").run(
                    ["6", "\(kubectl.program.executable)", "--kubeconfig", kubectl.kubeconfig, "-n", kubectl.namespace]
                        + ["get", "deploy", "web", "-w", "--no-headers", "--output-watch-events"])
            }
            // Again and again, since nothing tells when the watch has begun.
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(500))
                try await kubectl("annotate", "--overwrite", "deploy", "web", "n=\(UInt32.random(in: 0 ... .max))")
            }
            let events = lines(try await watching.value.output).map { $0.prefix(2).joined(separator: " ") }
            #expect(events.first == "ADDED web" && events.contains("MODIFIED web"), "\(events)")
        }
    }

    @Test("describe describes every kind that there is")
    func describing() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            try await kubectl("apply", "-f", "-", input: Manifests.deployment(replicas: 1))
            try await kubectl("apply", "-f", "-", input: Manifests.statefulSet())
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            try await kubectl("rollout", "status", "sts/db", "--timeout=60s")
            try await kubectl(
                "apply", "-f", "-",
                input: """
                    apiVersion: policy/v1
                    kind: PodDisruptionBudget
                    metadata: {name: web}
                    spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
                    ---
                    apiVersion: autoscaling/v2
                    kind: HorizontalPodAutoscaler
                    metadata: {name: web}
                    spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
                    """)
            let names = try await kubectl("api-resources", "-o", "name", "--verbs=list,get")
                .split(separator: "\n").map(String.init)
            // Kinds that a client of that age only knows in versions which no current server has.
            let newer = ["poddisruptionbudgets", "cronjobs", "endpointslices", "events.events"]
            for name in names {
                if kubectl.minor < 25, newer.contains(where: name.hasPrefix) { continue }
                try await kubectl("describe", name)
            }
            let set = try await kubectl("describe", "statefulset", "db")
            #expect(set.contains("2 Running / 0 Waiting / 0 Succeeded / 0 Failed"))
            #expect(set.contains("create Claim data-db-0 Pod db-0 in StatefulSet db success"))
            let claim = try await kubectl("describe", "pvc", "data-db-0")
            #expect(claim.contains("Successfully provisioned volume pvc-"))
            #expect(claim.contains("kubernetes.io/pvc-protection") && claim.contains("db-0"))
            #expect(try await kubectl("describe", "hpa", "web").contains("FailedGetResourceMetric"))
            let hpa = lines(try await kubectl("get", "hpa", "web"))
            #expect(hpa.last?.contains("Deployment/web") == true && hpa.last?.contains("<unknown>/80%") == true)
            #expect(lines(try await kubectl("get", "pdb", "web")).last?.prefix(4) == ["web", "1", "N/A", "0"])
            #expect(
                lines(try await kubectl("get", "pvc", "data-db-1")).last?.filter { $0 == "Bound" || $0 == "RWO" }
                    == ["Bound", "RWO"])
            #expect(try await kubectl("get", "storageclass").contains("standard (default)"))
        }
    }

    @Test("rollout follows, lists, undoes and restarts Deployments and StatefulSets")
    func rollouts() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            func image(_ name: String) async throws -> String {
                try await kubectl("get", name, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
            }
            try await kubectl("apply", "-f", "-", input: Manifests.deployment())
            try await kubectl("apply", "-f", "-", input: Manifests.statefulSet())
            for (name, title) in [("deploy/web", "deployment.apps/web"), ("sts/db", "statefulset.apps/db")] {
                let status = try await kubectl("rollout", "status", name, "--timeout=60s")
                #expect(status.contains("successfully rolled out") || status.contains("roll out complete: 2 new pods"))
                #expect(
                    try await kubectl("set", "image", name, "app=busybox:2").trimmedEnd == "\(title) image updated")
                try await kubectl("rollout", "status", name, "--timeout=60s")
                let history = lines(try await kubectl("rollout", "history", name))
                #expect(history.compactMap(\.first).suffix(2) == ["1", "2"], "\(history)")
                #expect(try await kubectl("rollout", "history", name, "--revision=2").contains("busybox:2"))
                #expect(try await kubectl("rollout", "undo", name).trimmedEnd == "\(title) rolled back")
                try await kubectl("rollout", "status", name, "--timeout=60s")
                #expect(try await image(name) == "busybox:1")
                let pods = try await kubectl(
                    "get", "pods", "-l", "app=\(name.split(separator: "/")[1])", "-o",
                    "jsonpath={.items[*].spec.containers[0].image}")
                #expect(!pods.contains("busybox:2"))
                #expect(
                    lines(try await kubectl("rollout", "history", name)).compactMap(\.first).suffix(2) == ["2", "3"])
                try await kubectl("rollout", "undo", name, "--to-revision=2")
                #expect(try await image(name) == "busybox:2")
                #expect(try await kubectl("rollout", "restart", name).trimmedEnd == "\(title) restarted")
                try await kubectl("rollout", "status", name, "--timeout=60s")
                #expect(
                    try await kubectl("get", name, "-o", "jsonpath={.spec.template.metadata.annotations}")
                        .contains("restartedAt"))
            }
        }
    }

    @Test("logs follows to the end, goes back to the run before, and takes the last lines")
    func logs() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            let script = "for i in 1 2 3; do echo run $i; sleep 0.2; done; exit 3"
            try await kubectl("apply", "-f", "-", input: Manifests.pod("ends", script))
            try await eventually("the pod writes") {
                try await kubectl.result(["logs", "ends"]).output.contains("run 1")
            }
            #expect(try await kubectl("logs", "-f", "ends").hasSuffix("run 3\n"))
            let before = try await eventually("the run before is kept") {
                let result = try await kubectl.result(["logs", "ends", "--previous"])
                return result.status == 0 ? result.output : nil
            }
            #expect(before == "run 1\nrun 2\nrun 3\n")
            try await kubectl("apply", "-f", "-", input: Manifests.deployment(replicas: 1))
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            try await eventually("all is written") {
                try await kubectl("logs", "deploy/web") == "line 1\nline 2\nline 3\n"
            }
            #expect(try await kubectl("logs", "deploy/web", "--tail=1") == "line 3\n")
            #expect(try await kubectl("logs", "deploy/web", "--since=1h", "-c", "app") == "line 1\nline 2\nline 3\n")
            #expect(try await kubectl("logs", "-l", "app=web", "--timestamps").contains("Z line 1\n"))
            #expect(
                try await kubectl.refusal("logs", "deploy/web", "--previous").contains("previous terminated container"))
            #expect(try await kubectl.refusal("logs", "nobody").contains(#"pods "nobody" not found"#))
        }
    }

    @Test("wait waits for conditions, fields and ends; delete takes dependents along, first, or leaves them")
    func waitingAndDeleting() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            try await kubectl("apply", "-f", "-", input: Manifests.deployment())
            #expect(
                try await kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=60s")
                    == "deployment.apps/web condition met\n")
            if kubectl.minor >= 23 {
                try await kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/web", "--timeout=60s")
            }
            let before = Set(try await kubectl("get", "pods", "-o", "name").split(separator: "\n"))
            #expect(try await kubectl("delete", "deploy", "web", "--cascade=orphan").contains(#""web" deleted"#))
            #expect(lines(try await kubectl("get", "rs", "--no-headers")).count == 1)
            #expect(Set(try await kubectl("get", "pods", "-o", "name").split(separator: "\n")) == before)
            // Made again, the Deployment takes over what it left.
            try await kubectl("apply", "-f", "-", input: Manifests.deployment())
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            #expect(Set(try await kubectl("get", "pods", "-o", "name").split(separator: "\n")) == before)

            try await kubectl("delete", "deploy", "web", "--cascade=foreground", "--timeout=60s")
            #expect(try await kubectl("get", "rs,pods").isEmpty)

            try await kubectl("apply", "-f", "-", input: Manifests.deployment())
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            try await kubectl("delete", "deploy", "web", "--cascade=background")
            try await eventually("the dependents follow") { try await kubectl("get", "rs,pods").isEmpty }

            try await kubectl("apply", "-f", "-", input: Manifests.pod("short", "exec sleep 1000"))
            try await kubectl("wait", "--for=condition=Ready", "pod/short", "--timeout=60s")
            async let end = kubectl("wait", "--for=delete", "pod/short", "--timeout=60s")
            try await Task.sleep(for: .milliseconds(200))
            try await kubectl("delete", "pod", "short", "--wait=false")
            // An old kubectl that comes when the pod is gone already calls that an error.
            if kubectl.minor >= 23 { _ = try await end } else { _ = try? await end }
            #expect(try await kubectl.refusal("get", "pod", "short").contains("NotFound"))
        }
    }

    @Test("edit, scale, label, annotate and the three patches change what they name")
    func changing() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            func replicas() async throws -> String {
                try await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}")
            }
            try await kubectl("apply", "-f", "-", input: Manifests.deployment(replicas: 0))
            let editor = try TestCluster.require().file("editor", "sed -i 's/replicas: 0/replicas: 3/' \"$1\"\n")
            let edited = try await kubectl("edit", "deploy", "web", environment: ["KUBE_EDITOR": "sh \(editor)"])
            #expect(edited.contains("edited"))
            #expect(try await replicas() == "3")
            let untouched = try await kubectl.result(["edit", "deploy", "web"], environment: ["KUBE_EDITOR": "true"])
            #expect((untouched.output + untouched.error).contains("no changes made"))
            #expect(try await kubectl("scale", "deploy/web", "--replicas=1") == "deployment.apps/web scaled\n")
            #expect(
                try await kubectl.refusal("scale", "deploy/web", "--replicas=2", "--current-replicas=5")
                    .contains("Expected replicas to be 5, was 1"))
            for (type, patch, wanted) in [
                ("strategic", #"{"spec":{"replicas":2}}"#, "2"), ("merge", #"{"spec":{"replicas":4}}"#, "4"),
                ("json", #"[{"op":"replace","path":"/spec/replicas","value":0}]"#, "0"),
            ] {
                #expect(
                    try await kubectl("patch", "deploy", "web", "--type=\(type)", "-p", patch)
                        == "deployment.apps/web patched\n")
                #expect(try await replicas() == wanted)
            }
            #expect(
                try await kubectl("patch", "deploy", "web", "-p", #"{"spec":{"replicas":0}}"#)
                    == "deployment.apps/web patched (no change)\n")
            #expect(try await kubectl("label", "deploy", "web", "tier=front") == "deployment.apps/web labeled\n")
            #expect(
                try await kubectl.refusal("label", "deploy", "web", "tier=back").contains("--overwrite is false"))
            // One of the versions in between leaves the last letter out.
            #expect(
                try await kubectl("annotate", "deploy", "web", "note=a b").hasPrefix("deployment.apps/web annotate"))
            #expect(
                try await kubectl(
                    "get", "deploy", "-l", "tier=front", "-o", "jsonpath={.items[*].metadata.annotations.note}")
                    == "a b")
            #expect(try await kubectl("label", "deploy", "web", "tier-").contains("deployment.apps/web"))
        }
    }

    @Test(
        "api-resources, api-versions, explain, auth and create token say what the server has and allows; top is refused"
    )
    func asking() async throws {
        try await Kubectl.forOldestAndNewest { kubectl in
            try await kubectl("apply", "-f", TestCluster.root + "/crds")
            try await kubectl("wait", "--for=condition=Established", "crd/chatbackends.chatbackend.io", "--timeout=30s")
            let resources = lines(try await kubectl("api-resources"))
            #expect(resources.contains { $0.starts(with: ["statefulsets", "sts", "apps/v1", "true", "StatefulSet"]) })
            #expect(resources.contains { $0.first == "chatbackends" && $0.contains("cb") })
            let versions = try await kubectl("api-versions").split(separator: "\n")
            #expect(
                ["apps/v1", "autoscaling/v1", "autoscaling/v2", "chatbackend.io/v1", "v1"].allSatisfy {
                    versions.contains($0)
                })
            let explained = try await kubectl("explain", "cb.spec")
            #expect(explained.contains("What the backend is to be."), "\(explained)")
            #expect(explained.contains("The backend's settings; a change rolls the pods."))
            #expect(try await kubectl("explain", "pod.spec.containers").contains("readinessProbe"))
            #expect(
                try await kubectl("explain", "sts.spec.volumeClaimTemplates", "--recursive").contains("accessModes"))
            #expect(try await kubectl.refusal("explain", "pod.spec.nonsense").contains("nonsense"))

            #expect(try await kubectl("auth", "can-i", "create", "deployments") == "yes\n")
            let account = "system:serviceaccount:\(kubectl.namespace):default"
            let denied = try await kubectl.result(["auth", "can-i", "get", "pods", "--as", account])
            #expect(denied.status == 1 && denied.output.hasPrefix("no"))
            try await kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
            try await kubectl(
                "create", "rolebinding", "reader", "--role=reader", "--serviceaccount=\(kubectl.namespace):default")
            #expect(try await kubectl("auth", "can-i", "get", "pods", "--as", account) == "yes\n")
            let rules = lines(try await kubectl("auth", "can-i", "--list", "--as", account))
            #expect(rules.contains(["pods", "[]", "[]", "[get", "list]"]), "\(rules)")
            if kubectl.minor >= 24 {
                let token = try await kubectl("create", "token", "default", "--duration=15m")
                #expect(token.split(separator: ".").count == 3)
            }
            #expect(try await kubectl.refusal("top", "pods").contains("Metrics API not available"))
            #expect(
                try await kubectl.refusal("get", "nonsense").contains(
                    #"the server doesn't have a resource type "nonsense""#))
        }
    }

    @Test("drain stops at a disruption budget, and goes on when it allows; a cordoned node takes no pods")
    func draining() async throws {
        guard try TestCluster.require().process != nil else { return }  // a real cluster's nodes are not ours to drain
        try await Kubectl.forOldestAndNewest { kubectl in
            try await kubectl("apply", "-f", "-", input: Manifests.deployment(replicas: 1))
            try await kubectl(
                "apply", "-f", "-",
                input: """
                    apiVersion: policy/v1
                    kind: PodDisruptionBudget
                    metadata: {name: web}
                    spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
                    """)
            try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
            let node = try await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
            let drain = ["drain", node, "--pod-selector=app=web", "--ignore-daemonsets", "--timeout"]
            // Kept a second or two by an old kubectl, which knows the API of evictions of its time only.
            let refused = try await kubectl.result(drain + ["3s"])
            #expect(refused.status != 0)
            if kubectl.minor >= 22 {
                #expect(
                    refused.error.contains("Cannot evict pod as it would violate the pod's disruption budget."),
                    "\(refused.error)")
            }
            #expect(lines(try await kubectl("get", "node", node)).last?[1] == "Ready,SchedulingDisabled")
            try await kubectl("apply", "-f", "-", input: Manifests.pod("late", "exec sleep 1000"))
            try await eventually("the scheduler says why") {
                try await kubectl("get", "events").contains("1 node(s) were unschedulable")
            }
            try await kubectl("patch", "pdb", "web", "--type=merge", "-p", #"{"spec":{"minAvailable":0}}"#)
            if kubectl.minor >= 22 {
                try await eventually("the pod may go") {
                    try await kubectl.result(drain + ["20s"]).status == 0
                }
            }
            try await kubectl("uncordon", node)
            try await kubectl("wait", "--for=condition=Ready", "pod/late", "--timeout=60s")
        }
    }
}

extension String {
    /// The text without line ends behind it.
    fileprivate var trimmedEnd: String { String(reversed().drop(while: \.isWhitespace).reversed()) }
}
