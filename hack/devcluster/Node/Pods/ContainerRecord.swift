import K8sClient

/// What the node knows of one container, and the API shows as its `ContainerStatus`.
struct ContainerRecord: Hashable, Sendable {
    enum State: Hashable, Sendable {
        case waiting(reason: String, message: String?)
        case running(since: KubernetesTime)
        case terminated(Termination)
    }

    /// One ended run.
    struct Termination: Hashable, Sendable {
        var exitCode: Int
        var reason: String
        var message: String?
        var started: KubernetesTime?
        var finished: KubernetesTime
        var containerID: String

        var json: JSONValue {
            var json: [String: JSONValue] = [
                "exitCode": JSONValue(exitCode), "reason": .string(reason),
                "finishedAt": .string(finished.description), "containerID": .string(containerID),
            ]
            if let started { json["startedAt"] = .string(started.description) }
            if let message, !message.isEmpty { json["message"] = .string(message) }
            return .object(json)
        }
    }

    var name: String
    var image: String
    var state: State
    var last: Termination?
    var restartCount = 0
    var isReady = false
    /// Whether the startup probe passed, or there is none and the container runs.
    var isStarted = false
    var containerID = ""

    init(_ container: JSONValue, reason: String) {
        name = container["name"]?.string ?? ""
        image = container["image"]?.string ?? ""
        state = .waiting(reason: reason, message: nil)
    }

    var isRunning: Bool { if case .running = state { true } else { false } }

    var termination: Termination? { if case .terminated(let termination) = state { termination } else { nil } }

    /// Makes the run that ended the last one (`lastState`), before the state becomes another.
    mutating func keepTermination() {
        if let termination { last = termination }
    }

    /// The record with what an earlier run of the node left in the pod's status: its processes are gone since.
    mutating func resume(from status: JSONValue, now: KubernetesTime) {
        restartCount = status["restartCount"]?.int ?? 0
        if let ended = status["state", "terminated"] {
            state = .terminated(Self.termination(ended))
        } else if let running = status["state", "running"] {
            containerID = status["containerID"]?.string ?? ""
            state = .terminated(
                Termination(
                    exitCode: 137, reason: "ContainerStatusUnknown",
                    message: "The container could not be located when the node was started again",
                    started: running["startedAt"]?.string.flatMap(KubernetesTime.init), finished: now,
                    containerID: containerID))
        }
        last = status["lastState", "terminated"].map(Self.termination)
    }

    private static func termination(_ json: JSONValue) -> Termination {
        Termination(
            exitCode: json["exitCode"]?.int ?? 0, reason: json["reason"]?.string ?? "",
            message: json["message"]?.string,
            started: json["startedAt"]?.string.flatMap(KubernetesTime.init),
            finished: json["finishedAt"]?.string.flatMap(KubernetesTime.init) ?? .now,
            containerID: json["containerID"]?.string ?? "")
    }

    var json: JSONValue {
        var json: [String: JSONValue] = [
            "name": .string(name), "image": .string(image), "imageID": .string(containerID.isEmpty ? "" : image),
            "ready": .bool(isReady), "started": .bool(isStarted), "restartCount": JSONValue(restartCount),
            "lastState": last.map { ["terminated": $0.json] } ?? [:],
        ]
        if !containerID.isEmpty { json["containerID"] = .string(containerID) }
        switch state {
        case .waiting(let reason, let message):
            var waiting: [String: JSONValue] = ["reason": .string(reason)]
            if let message { waiting["message"] = .string(message) }
            json["state"] = ["waiting": .object(waiting)]
        case .running(let since): json["state"] = ["running": ["startedAt": .string(since.description)]]
        case .terminated(let termination): json["state"] = ["terminated": termination.json]
        }
        return .object(json)
    }
}
