import K8sClient

/// A pod's own fields and resources, for its environment and its volumes.
struct DownwardAPI {
    let pod: JSONValue
    let podIP: String
    let hostIP: String

    /// The text of a field path.
    func field(_ path: String) throws(ContainerConfigError) -> String {
        let meta = pod.meta
        switch path {
        case "metadata.name": return meta.name
        case "metadata.namespace": return meta.namespace
        case "metadata.uid": return meta.uid
        case "metadata.labels": return Self.lines(meta.labels)
        case "metadata.annotations": return Self.lines(meta.annotations)
        case "spec.nodeName": return pod["spec", "nodeName"]?.string ?? ""
        case "spec.serviceAccountName": return pod["spec", "serviceAccountName"]?.string ?? "default"
        case "status.podIP", "status.podIPs": return podIP
        case "status.hostIP", "status.hostIPs": return hostIP
        default:
            if let key = Self.subscripted(path, "metadata.labels") { return meta.labels[key] ?? "" }
            if let key = Self.subscripted(path, "metadata.annotations") { return meta.annotations[key] ?? "" }
            throw ContainerConfigError(message: "unsupported fieldPath: \(path)")
        }
    }

    /// The value of a `resourceFieldRef`, in units of its divisor, rounded up.
    static func resource(_ reference: JSONValue, of container: JSONValue) throws(ContainerConfigError) -> String {
        let name = reference["resource"]?.string ?? ""
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["limits", "requests"].contains(parts[0]) else {
            throw ContainerConfigError(message: "unsupported container resource: \(name)")
        }
        // Without a limit the container may use what the node has.
        let text = container["resources", parts[0], parts[1]] ?? NodeObject.allocatable[parts[1]] ?? "0"
        let divisor = reference["divisor"] ?? "1"
        func amount(_ value: JSONValue) -> Double? { value.double ?? value.string.flatMap(Quantity.init)?.value }
        guard let value = amount(text), let unit = amount(divisor) else {
            throw ContainerConfigError(message: "container resource \(name) is not a quantity")
        }
        return String(Int((value / (unit == 0 ? 1 : unit)).rounded(.up)))
    }

    /// `key="value"` lines, as downward API files have them.
    static func lines(_ values: [String: String]) -> String {
        values.sorted { $0.key < $1.key }.map { key, value in
            "\(key)=\"\(value.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\""))\""
        }.joined(separator: "\n")
    }

    private static func subscripted(_ path: String, _ name: String) -> String? {
        guard path.hasPrefix(name + "['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(name.count + 2).dropLast(2))
    }
}
