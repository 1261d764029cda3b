import K8sClient

/// One probe's settings (`livenessProbe` and its siblings), with the defaults of the API.
struct ProbeSpec: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        case http(host: String?, port: JSONValue, path: String, isTLS: Bool, headers: [[String]])
        case tcp(host: String?, port: JSONValue)
        case exec([String])
    }

    var action: Action
    var initialDelay: Int
    var period: Int
    var timeout: Int
    var successThreshold: Int
    var failureThreshold: Int
    /// Replaces the pod's grace when a failed probe ends the container.
    var terminationGracePeriodSeconds: Int?

    /// A probe from its JSON; nil when there is none, or when it has an action that this node does not know (gRPC).
    init?(_ json: JSONValue?) {
        guard let json, let action = Action(json) else { return nil }
        self.action = action
        initialDelay = json["initialDelaySeconds"]?.int ?? 0
        period = max(1, json["periodSeconds"]?.int ?? 10)
        timeout = max(1, json["timeoutSeconds"]?.int ?? 1)
        successThreshold = max(1, json["successThreshold"]?.int ?? 1)
        failureThreshold = max(1, json["failureThreshold"]?.int ?? 3)
        terminationGracePeriodSeconds = json["terminationGracePeriodSeconds"]?.int
    }
}

extension ProbeSpec.Action {
    /// The action of a probe or of a life-cycle hook.
    init?(_ json: JSONValue) {
        if let get = json["httpGet"] {
            let path = get["path"]?.string ?? "/"
            self = .http(
                host: get["host"]?.string, port: get["port"] ?? .null, path: path.hasPrefix("/") ? path : "/" + path,
                isTLS: get["scheme"]?.string == "HTTPS",
                headers: get.items("httpHeaders").map { [$0["name"]?.string ?? "", $0["value"]?.string ?? ""] })
        } else if let socket = json["tcpSocket"] {
            self = .tcp(host: socket["host"]?.string, port: socket["port"] ?? .null)
        } else if let exec = json["exec"] {
            self = .exec(exec.items("command").compactMap(\.string))
        } else {
            return nil
        }
    }
}

/// The number of a port that a probe names by number or by the container's name for it.
func probePort(_ port: JSONValue, in container: JSONValue) -> Int? {
    if let number = port.int { return number }
    guard let name = port.string else { return nil }
    return container.items("ports").first { $0["name"]?.string == name }?["containerPort"]?.int ?? Int(name)
}

/// Turns a probe's single outcomes into what they mean: nothing until a threshold is reached.
struct ProbeState: Hashable, Sendable {
    let successThreshold: Int
    let failureThreshold: Int
    private var streak = 0
    private var lastWasSuccess: Bool?
    /// What the probe stands at; nil before a threshold was reached for the first time.
    private(set) var isPassing: Bool?

    init(_ spec: ProbeSpec) {
        successThreshold = spec.successThreshold
        failureThreshold = spec.failureThreshold
    }

    /// Takes in one outcome; returns the new verdict when this outcome changed it or confirmed a failure.
    mutating func record(success: Bool) -> Bool? {
        streak = lastWasSuccess == success ? streak + 1 : 1
        lastWasSuccess = success
        guard streak >= (success ? successThreshold : failureThreshold) else { return nil }
        if isPassing == success, success { return nil }
        isPassing = success
        return success
    }
}
