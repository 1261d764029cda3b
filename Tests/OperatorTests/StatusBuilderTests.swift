import K8sClient
import Testing

@testable import Operator

@Suite struct StatusBuilderTests {
    private func backend(_ change: (inout ChatBackendSpec) -> Void = { _ in }) -> ChatBackend {
        var spec = ChatBackendSpec()
        change(&spec)
        return ChatBackend(metadata: ObjectMeta(name: "chat", generation: 4), spec: spec)
    }

    private func status(
        _ progress: Progress, previous: ChatBackendStatus? = nil, now: String = "2026-01-02T00:00:00Z",
        _ change: (inout ChatBackendSpec) -> Void = { _ in }
    ) -> ChatBackendStatus {
        StatusBuilder(backend: backend(change), previous: previous, inventory: [], now: now).status(progress)
    }

    private func rollout(available: Int, updated: Int, replicas: Int = 3, failure: String? = nil) -> DeploymentRollout {
        DeploymentRollout(
            desired: 3, observedGeneration: 1, replicas: replicas, updated: updated, ready: available,
            available: available, failure: failure)
    }

    private func condition(_ status: ChatBackendStatus, _ type: String) -> Condition? {
        status.conditions?.first { $0.type == type }
    }

    @Test("a complete rollout is Ready, and neither Reconciling nor Stalled is there")
    func ready() {
        let status = status(.applied(rollout(available: 3, updated: 3), isCurrent: true))
        #expect(condition(status, "Ready")?.status == .true)
        #expect(condition(status, "Available")?.status == .true)
        #expect(condition(status, "Reconciling") == nil && condition(status, "Stalled") == nil)
        #expect(status.observedGeneration == 4 && status.replicas == 3 && status.readyReplicas == 3)
    }

    @Test("a paused backend says so and stays as ready as it is seen")
    func paused() {
        let seen = status(.paused(rollout(available: 3, updated: 3), isCurrent: true))
        #expect(condition(seen, "Paused")?.status == .true && condition(seen, "Ready")?.status == .true)
        let unmade = status(.paused(nil, isCurrent: false))
        #expect(condition(unmade, "Paused")?.status == .true && condition(unmade, "Ready")?.status == .unknown)
        #expect(condition(unmade, "Reconciling") == nil)
    }

    @Test("a rollout under way is Ready=Unknown, so that nobody takes it for broken")
    func rollingOut() {
        for progress in [
            Progress.applied(rollout(available: 3, updated: 1), isCurrent: true),
            .applied(rollout(available: 1, updated: 3), isCurrent: true),
            .applied(rollout(available: 3, updated: 3, replicas: 4), isCurrent: true),
            .applied(rollout(available: 3, updated: 3), isCurrent: false), .applied(nil, isCurrent: false),
        ] {
            let status = status(progress)
            #expect(condition(status, "Ready")?.status == .unknown)
            #expect(condition(status, "Reconciling")?.status == .true)
        }
    }

    @Test("a rollout that gave up is Stalled with the Deployment's own words")
    func stalled() {
        let status = status(
            .applied(rollout(available: 2, updated: 1, failure: "ReplicaSet timed out."), isCurrent: true))
        #expect(condition(status, "Ready")?.status == .false)
        #expect(condition(status, "Stalled")?.reason == "ProgressDeadlineExceeded")
        #expect(condition(status, "Stalled")?.message.contains("ReplicaSet timed out.") == true)
        #expect(condition(status, "Available")?.status == .true)
    }

    @Test("a condition keeps the time of its last transition while its status stays")
    func transitionTimes() {
        let first = status(.applied(rollout(available: 3, updated: 3), isCurrent: true))
        let second = status(
            .applied(rollout(available: 2, updated: 3), isCurrent: true), previous: first, now: "2026-01-03T00:00:00Z")
        #expect(condition(second, "Ready")?.lastTransitionTime == "2026-01-03T00:00:00Z")
        #expect(condition(second, "Available")?.lastTransitionTime == "2026-01-02T00:00:00Z")
    }

    @Test("a refusal says nothing new of the pods that run")
    func refusalKeepsAvailability() {
        let first = status(.applied(rollout(available: 3, updated: 3), isCurrent: true))
        let second = status(.refused(Refusal(reason: "InvalidSpec", message: "m")), previous: first)
        #expect(condition(second, "Available")?.status == .true)
        #expect(second.readyReplicas == 3)
        #expect(condition(second, "Stalled")?.message == "m")
    }

    @Test("the URL is the ingress's when there is one, else the Service's")
    func url() {
        #expect(status(.applied(nil, isCurrent: false)).url == "http://chat-service.chat.svc")
        let plain = status(.applied(nil, isCurrent: false)) {
            $0.exposure = Exposure(ingress: Exposure.Ingress(host: "a.example.dev"))
        }
        #expect(plain.url == "http://a.example.dev")
        let secure = status(.applied(nil, isCurrent: false)) {
            var ingress = Exposure.Ingress(host: "a.example.dev")
            ingress.tls = Exposure.Ingress.TLS()
            $0.exposure = Exposure(ingress: ingress)
        }
        #expect(secure.url == "https://a.example.dev")
    }
}
