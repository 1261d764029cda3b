import K8sClient
import Synchronization

/// Gives Services their cluster addresses, from a part of the loopback network on which this machine's node can listen.
final class ServiceAddresses: Sendable {
    /// All of a `/16`, counted from `.0.1`.
    private static let capacity = 65_534

    /// `127.OCTET.0.0/16` is the range.
    private let octet: Int

    init(octet: Int = 96) { self.octet = octet }

    private struct State {
        var taken: Set<Int> = []
        var next = 1
    }

    private let state = Mutex(State())

    /// Assigns an address to a new Service that wants one.
    func assign(_ service: inout JSONValue, in store: ClusterStore, isDryRun: Bool) throws(StatusError) {
        guard service["spec", "type"]?.string != "ExternalName" else { return }
        let asked = service["spec", "clusterIP"]?.string ?? ""
        let name = service.meta.name
        if asked == "None" {
            service["spec", "clusterIPs"] = ["None"]
        } else {
            let address = asked.isEmpty ? try allocate() : try claim(asked, for: name)
            if isDryRun { release(address) }
            service["spec", "clusterIP"] = .string(address)
            service["spec", "clusterIPs"] = [.string(address)]
        }
        if service["spec", "ipFamilies"] == nil { service["spec", "ipFamilies"] = ["IPv4"] }
        if service["spec", "ipFamilyPolicy"] == nil { service["spec", "ipFamilyPolicy"] = "SingleStack" }
        if service["spec", "internalTrafficPolicy"] == nil { service["spec", "internalTrafficPolicy"] = "Cluster" }
    }

    /// Carries the address of a Service over into its new state, as long as the type still has one.
    func keep(_ new: inout JSONValue, from old: JSONValue, in store: ClusterStore) throws(StatusError) {
        if new["spec", "type"]?.string == "ExternalName" { return }
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
        where new["spec", member] == nil || new["spec", member]?.string == "" {
            new["spec", member] = old["spec", member]
        }
        if new["spec", "clusterIP"]?.string?.isEmpty ?? true { try assign(&new, in: store, isDryRun: false) }
    }

    /// Notes the address of a Service that was kept over a restart; one of another range is moved into this one, the last
    /// two bytes as they were.
    /// - Returns: whether the Service was changed.
    func adopt(_ service: inout JSONValue) -> Bool {
        guard let address = service["spec", "clusterIP"]?.string, address.hasPrefix("127.") else { return false }
        let parts = address.split(separator: ".")
        guard parts.count == 4 else { return false }
        let own = "127.\(octet).\(parts[2]).\(parts[3])"
        if let number = number(own) { state.withLock { _ = $0.taken.insert(number) } }
        guard own != address else { return false }
        service["spec", "clusterIP"] = .string(own)
        service["spec", "clusterIPs"] = [.string(own)]
        return true
    }

    func release(_ service: JSONValue) {
        if let address = service["spec", "clusterIP"]?.string { release(address) }
    }

    private func release(_ address: String) {
        guard let number = self.number(address) else { return }
        state.withLock { _ = $0.taken.remove(number) }
    }

    private func allocate() throws(StatusError) -> String {
        let number = state.withLock { state -> Int? in
            for _ in 0..<Self.capacity {
                let candidate = state.next
                state.next = state.next % Self.capacity + 1
                if state.taken.insert(candidate).inserted { return candidate }
            }
            return nil
        }
        guard let number else { throw .internalError("failed to allocate a serviceIP: range is full") }
        return "127.\(octet).\(number / 256).\(number % 256)"
    }

    private func claim(_ address: String, for name: String) throws(StatusError) -> String {
        let kind = GroupKind("", "Service")
        guard let number = self.number(address) else {
            throw .invalid(
                kind, name,
                [
                    .invalid(
                        "spec.clusterIPs", [.string(address)],
                        "failed to allocate IP \(address): the provided IP (\(address)) is not in the valid range. The "
                            + "range of valid IPs is 127.\(octet).0.0/16")
                ])
        }
        guard state.withLock({ $0.taken.insert(number).inserted }) else {
            throw .invalid(
                kind, name,
                [
                    .invalid(
                        "spec.clusterIPs", [.string(address)],
                        "failed to allocate IP \(address): provided IP is already allocated")
                ])
        }
        return address
    }

    private func number(_ address: String) -> Int? {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 4, parts[0] == 127, parts[1] == octet, let third = parts[2], let fourth = parts[3],
            (0...255).contains(third), (0...255).contains(fourth)
        else { return nil }
        let number = third * 256 + fourth
        return (1...Self.capacity).contains(number) ? number : nil
    }
}
