import K8sClient
import Testing

extension OnACluster {
    @Suite struct ExposureTests {
        private func backend(_ name: String, replicas: Int = 0, _ more: String = "") -> String {
            """
            apiVersion: chatbackend.io/v1
            kind: ChatBackend
            metadata: {name: \(name)}
            spec:
              replicas: \(replicas)
              \(replicas == 0 ? "" : "database: {managed: {}}")
            \(more)
            """
        }

        @Test(
            "a route waits for the Gateway API, then takes the Ingress's place; switched off, it and the policy go",
            .needsEmbeddedCluster)
        func route() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(
                backend("routed", "  exposure: {ingress: {host: routed.example.dev}}\n  networkPolicy: {}"))
            try await cluster.wait("routed", for: "Ready", toBe: "True")
            let ingress = try await cluster.object("ingress", "routed-ingress", namespace: "routed")
            #expect(ingress?["metadata", "annotations", "nginx.ingress.kubernetes.io/proxy-buffering"] == "off")
            let policy = try await cluster.object("networkpolicy", "routed-network", namespace: "routed")
            #expect(policy?["spec", "policyTypes"] == ["Ingress", "Egress"])
            let namespace = try await cluster.object("namespace", "routed")
            #expect(namespace?["metadata", "labels", "pod-security.kubernetes.io/enforce"] == "restricted")

            let route =
                "  exposure: {httpRoute: {parentRefs: [{name: public, namespace: gateways}], hostnames: [routed.example.dev]}}"
            try await cluster.apply(backend("routed", route))
            let stalled = try await cluster.wait("routed", for: "Stalled", toBe: "True", reason: "GatewayAPIMissing")
            #expect(stalled["message"]?.string?.contains("httproutes.gateway.networking.k8s.io") == true)

            try await cluster.apply(GatewayDefinition.yaml)
            try await cluster.wait("routed", for: "Ready", toBe: "True")
            let made = try await cluster.object("httproute", "routed-route", namespace: "routed")
            let rule = made?["spec", "rules"]?.array?.first
            #expect(rule?["timeouts", "request"] == "0s")
            #expect(rule?["backendRefs"]?.array?.first?["name"] == "routed-service")
            #expect(made?["spec", "parentRefs"]?.array?.first?["namespace"] == "gateways")
            #expect(try await cluster.object("cb", "routed")?["status", "url"] == "https://routed.example.dev")
            try await eventually("Ingress and policy are gone") {
                let ingress = try await cluster.object("ingress", "routed-ingress", namespace: "routed")
                let policy = try await cluster.object("networkpolicy", "routed-network", namespace: "routed")
                return ingress == nil && policy == nil
            }

            try await cluster.apply(backend("routed"))
            try await eventually("the route is gone") {
                try await cluster.object("httproute", "routed-route", namespace: "routed") == nil
            }
            try await cluster.delete("routed")
        }

        @Test("the API server takes every field at once, and every object that comes of them")
        func everyField() async throws {
            let cluster = try TestCluster.require()
            try await cluster.kubectl("apply", "-f", TestCluster.root + "/Tests/OperatorTests/Golden/full.yaml")
            try await cluster.wait("chat", for: "Stalled", toBe: "True", reason: "SecretMissing")
            for (secret, key) in [("upstream", "api-key"), ("signing", "key"), ("mail", "password")] {
                try await cluster.kubectl(
                    "create", "secret", "generic", secret, "-n", "team-chat", "--from-literal=\(key)=value")
            }
            for (kind, name) in [
                ("hpa", "chat-autoscaler"), ("pdb", "chat-disruption"), ("networkpolicy", "chat-network"),
                ("ingress", "chat-ingress"), ("cronjob", "chat-backup"),
            ] {
                try await eventually("\(kind) \(name) is there") {
                    try await cluster.object(kind, name, namespace: "team-chat") != nil
                }
            }
            let stalled = try await cluster.condition("Stalled", of: "chat")
            #expect(stalled?["reason"] != "ApplyRefused", "\(stalled?.jsonText ?? "")")
            let config = try await cluster.object("configmap", "chat-config", namespace: "team-chat")
            #expect(config?["data", "SMTP_HOST"] == "mail.example.dev" && config?["data", "SMTP_PORT"] == "465")
            let pod = try await cluster.object("deployment", "chat", namespace: "team-chat")?[
                "spec", "template", "spec"]
            #expect(pod?["priorityClassName"] == "high" && pod?["nodeSelector", "pool"] == "chat")
            try await cluster.delete("chat")
        }

        @Test("a host belongs to the older backend; the other one is told whose it is, and gets it when it is free")
        func hosts() async throws {
            let cluster = try TestCluster.require()
            let exposure = "  exposure: {ingress: {host: contested.example.dev}}"
            try await cluster.apply(backend("host-a", exposure))
            try await cluster.wait("host-a", for: "Ready", toBe: "True")
            try await cluster.apply(backend("host-b", exposure))
            let stalled = try await cluster.wait("host-b", for: "Stalled", toBe: "True", reason: "HostTaken")
            #expect(stalled["message"]?.string?.contains("host-a") == true)
            #expect(try await cluster.object("namespace", "host-b") == nil)

            try await cluster.apply(backend("host-a", "  exposure: {ingress: {host: other.example.dev}}"))
            try await cluster.wait("host-b", for: "Ready", toBe: "True")
            try await cluster.apply(backend("host-c", exposure))
            try await cluster.wait("host-c", for: "Stalled", toBe: "True", reason: "HostTaken")
            try await cluster.delete("host-b")
            try await cluster.wait("host-c", for: "Ready", toBe: "True")
            try await cluster.delete("host-a")
            try await cluster.delete("host-c")
        }

        @Test("an autoscaler takes over the pods that there are, scales them undisturbed, and gives them back")
        func autoscaling() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("scaler", replicas: 3))
            try await cluster.wait("scaler", for: "Ready", toBe: "True")
            func deployment() async throws -> JSONValue? {
                try await cluster.object("deployment", "scaler", namespace: "scaler")
            }
            let watch = Task {
                var fewest = Int.max
                while !Task.isCancelled {
                    // A look that the end of the watch cuts short gives no number.
                    let look = try await cluster.kubectlResult(
                        ["get", "deployment", "scaler", "-n", "scaler", "-o", "jsonpath={.spec.replicas}"])
                    fewest = min(fewest, Int(look.output) ?? .max)
                }
                return fewest
            }
            let autoscaling = "  autoscaling: {minReplicas: 2, maxReplicas: 4}"
            try await cluster.apply(backend("scaler", replicas: 3, autoscaling))
            try await eventually("the autoscaler is there and the number is not the operator's any more") {
                let autoscaler = try await cluster.object("hpa", "scaler-autoscaler", namespace: "scaler")
                let entries = try await deployment()?["metadata", "managedFields"]?.array ?? []
                let owners = entries.filter { $0["fieldsV1", "f:spec", "f:replicas"] != nil }
                return autoscaler != nil && !owners.contains { $0["manager"] == "chatbackend-operator" }
            }
            #expect(try await deployment()?["spec", "replicas"] == 3)
            watch.cancel()
            #expect(try await watch.value == 3)

            // Above the autoscaler's bound: it is the autoscaler that acts, and the operator lets it.
            try await cluster.kubectl("scale", "deployment/scaler", "-n", "scaler", "--replicas=6")
            try await eventually("the autoscaler brings it to its bound") {
                try await deployment()?["spec", "replicas"] == 4
            }
            try await cluster.wait("scaler", for: "Ready", toBe: "True")
            #expect(try await deployment()?["spec", "replicas"] == 4)

            try await cluster.apply(backend("scaler", replicas: 1))
            try await eventually("the number is the specification's, and the autoscaler is gone") {
                let autoscaler = try await cluster.object("hpa", "scaler-autoscaler", namespace: "scaler")
                return try await deployment()?["spec", "replicas"] == 1 && autoscaler == nil
            }
            try await cluster.delete("scaler")
        }

        @Test("while paused nothing is written, and asked for, everything is applied anew")
        func pausing() async throws {
            let cluster = try TestCluster.require()
            try await cluster.apply(backend("paused"))
            try await cluster.wait("paused", for: "Ready", toBe: "True")
            try await cluster.kubectl("patch", "cb", "paused", "--type=merge", "-p", #"{"spec":{"paused":true}}"#)
            try await cluster.wait("paused", for: "Paused", toBe: "True")
            #expect(try await cluster.condition("Ready", of: "paused")?["status"] == "True")
            try await cluster.kubectl("delete", "service", "paused-service", "-n", "paused")
            try await cluster.kubectl(
                "patch", "cb", "paused", "--type=merge", "-p", #"{"spec":{"config":{"logLevel":"DEBUG"}}}"#)
            try await eventually("the edit is seen") {
                let backend = try await cluster.object("cb", "paused")
                return backend?["status", "observedGeneration"] == backend?["metadata", "generation"]
            }
            #expect(try await cluster.object("service", "paused-service", namespace: "paused") == nil)
            try await cluster.kubectl("patch", "cb", "paused", "--type=merge", "-p", #"{"spec":{"paused":false}}"#)
            try await eventually("the Service is back and the setting is made") {
                let config = try await cluster.object("configmap", "paused-config", namespace: "paused")
                let service = try await cluster.object("service", "paused-service", namespace: "paused")
                return service != nil && config?["data", "LOG_LEVEL"] == "DEBUG"
            }
            try await cluster.wait("paused", for: "Ready", toBe: "True")
            #expect(try await cluster.condition("Paused", of: "paused") == nil)

            try await cluster.kubectl("annotate", "cb", "paused", "chatbackend.io/reconcile-at=now")
            try await eventually("the request is answered") {
                try await cluster.object("cb", "paused")?["status", "lastHandledReconcileAt"] == "now"
            }
            try await eventually("the Event tells of it") {
                let description = try await cluster.kubectl("describe", "cb", "paused")
                return description.contains("Updated Namespace paused")
            }
            try await cluster.kubectl("patch", "cb", "paused", "--type=merge", "-p", #"{"spec":{"paused":true}}"#)
            try await cluster.wait("paused", for: "Paused", toBe: "True")
            try await cluster.delete("paused")
            #expect(try await cluster.object("namespace", "paused") == nil)
        }
    }
}
