import K8sClient
import Testing

@testable import Operator

@Suite struct AutoscalingTests {
    private func deployment(_ autoscaling: Autoscaling?) throws -> Manifest {
        var spec = ChatBackendSpec()
        spec.autoscaling = autoscaling
        return try #require(
            DesiredState.manifests(for: ChatBackend(metadata: ObjectMeta(name: "chat"), spec: spec))
                .first { $0.resource == .deployments })
    }

    private func rollout(_ desired: Int, owns: Bool) -> DeploymentRollout {
        var rollout = DeploymentRollout(
            desired: desired, observedGeneration: 1, replicas: desired, updated: desired, ready: desired,
            available: desired)
        rollout.ownsReplicas = owns
        return rollout
    }

    @Test("the number that there is goes to the autoscaler, once, and only while the operator has it")
    func handover() throws {
        let manifest = try deployment(Autoscaling(maxReplicas: 9))
        #expect(manifest.object["spec", "replicas"] == nil)
        let handover = try #require(ReplicasHandover(manifest, rollout: rollout(5, owns: true), minimum: 2))
        #expect(handover.replicas == 5 && !handover.isForced)
        #expect(handover.object(manifest.identity)["spec"] == ["replicas": 5])
        #expect(ReplicasHandover(manifest, rollout: rollout(5, owns: false), minimum: 2) == nil)
        #expect(ReplicasHandover(try deployment(nil), rollout: rollout(5, owns: true), minimum: nil) == nil)
    }

    @Test("a backend scaled to zero wakes at the autoscaler's minimum, since no autoscaler wakes it")
    func fromZero() throws {
        let handover = ReplicasHandover(
            try deployment(Autoscaling(minReplicas: 3, maxReplicas: 9)), rollout: rollout(0, owns: true), minimum: 3)
        #expect(handover?.replicas == 3 && handover?.isForced == true)
    }

    @Test("what contradicts itself is refused with what to do")
    func refusals() {
        func refusal(_ change: (inout ChatBackendSpec) -> Void) -> Refusal? {
            var spec = ChatBackendSpec()
            spec.database = DatabaseSettings(managed: ManagedDatabase())
            change(&spec)
            return Admission.check(
                ChatBackend(metadata: ObjectMeta(name: "chat"), spec: spec), operatorNamespace: "chatbackend-system")
        }
        #expect(
            refusal { $0.autoscaling = Autoscaling(minReplicas: 5, maxReplicas: 4) }?.reason == "InvalidAutoscaling")
        #expect(refusal { $0.autoscaling = Autoscaling(maxReplicas: 4) } == nil)
        let unlimited = refusal {
            $0.autoscaling = Autoscaling(maxReplicas: 4)
            $0.resources.requests = nil
            $0.resources.limits = nil
        }
        #expect(unlimited?.message.contains("spec.resources.requests.cpu") == true)
        let sqlite = Admission.check(
            autoscaling: Autoscaling(maxReplicas: 2), resources: ResourceRequirements(), databaseIsSQLite: true)
        #expect(sqlite?.message.contains("SQLite") == true)
        #expect(
            refusal { $0.disruption = Disruption(minAvailable: 1, maxUnavailable: 1) }?.reason == "InvalidDisruption")
        #expect(refusal { $0.exposure = Exposure() }?.reason == "InvalidExposure")
        #expect(
            refusal {
                $0.smtp = MailServer(host: "mail", from: "a@b")
                $0.smtp?.username = "me"
            }?.reason == "InvalidMailServer")
    }

    @Test("one pod has no disruption budget, several have one, and what is asked for stands")
    func budgets() throws {
        func budget(_ change: (inout ChatBackendSpec) -> Void) -> JSONValue? {
            var spec = ChatBackendSpec()
            change(&spec)
            return DesiredState.manifests(for: ChatBackend(metadata: ObjectMeta(name: "chat"), spec: spec))
                .first { $0.resource == .podDisruptionBudgets }?.object["spec"]
        }
        #expect(budget { $0.replicas = 1 } == nil)
        #expect(budget { $0.replicas = 2 }?["maxUnavailable"] == 1)
        let share = budget {
            $0.replicas = 1
            $0.disruption = Disruption(minAvailable: "50%")
        }
        #expect(share?["minAvailable"] == "50%" && share?["maxUnavailable"] == nil)
    }

    @Test("streams pass through the classes that need to be told, and the user's annotations win")
    func streams() throws {
        var spec = ChatBackendSpec()
        spec.exposure = Exposure(ingress: .init(host: "a.example.dev"))
        func annotations() -> JSONValue? {
            DesiredState.manifests(for: ChatBackend(metadata: ObjectMeta(name: "chat"), spec: spec))
                .first { $0.resource == .ingresses }?.object["metadata", "annotations"]
        }
        let prefix = "nginx.ingress.kubernetes.io/"
        #expect(annotations()?[prefix + "proxy-buffering"] == "off")
        spec.exposure?.ingress?.annotations = [prefix + "proxy-read-timeout": "90"]
        #expect(annotations()?[prefix + "proxy-read-timeout"] == "90")
        spec.exposure?.ingress?.annotations = nil
        spec.exposure?.ingress?.className = "traefik"
        #expect(annotations() == nil)
    }
}
