import K8sClient
import Synchronization

/// A host that two backends want.
struct HostConflict: Sendable, Hashable {
    let host: String
    /// The backend that has it.
    let holder: String
}

/// Which backends want which hosts. Of those that want the same one, the oldest has it; of equally old ones, the first by name.
/// Nothing is kept of a backend without hosts.
final class HostIndex: Sendable {
    private struct Claim {
        let hosts: [String]
        /// RFC 3339 in UTC, which sorts as text.
        let created: String
    }

    private struct Storage {
        var claims: [String: Claim] = [:]
        var backends: [String: Set<String>] = [:]
    }

    private let storage = Mutex(Storage())

    /// Takes a backend as it is now.
    /// - Parameter backend: nil when it is gone; one that is being deleted still has its hosts.
    /// - Returns: the other backends that want, or wanted, the same hosts, when the claim changed.
    func update(_ name: String, _ backend: ChatBackend?) -> Set<String> {
        let hosts = backend?.spec.exposure?.hosts ?? []
        let claim = hosts.isEmpty ? nil : Claim(hosts: hosts, created: backend?.metadata.creationTimestamp ?? "")
        return storage.withLock { storage in
            let before = storage.claims[name]
            if before?.hosts == claim?.hosts, before?.created == claim?.created { return [] }
            storage.claims[name] = claim
            var others: Set<String> = []
            for host in before?.hosts ?? [] {
                storage.backends[host]?.remove(name)
                others.formUnion(storage.backends[host] ?? [])
                if storage.backends[host]?.isEmpty == true { storage.backends[host] = nil }
            }
            for host in hosts {
                others.formUnion(storage.backends[host] ?? [])
                storage.backends[host, default: []].insert(name)
            }
            others.remove(name)
            return others
        }
    }

    /// The first host of a backend that an older one has.
    func conflict(of name: String) -> HostConflict? {
        storage.withLock { storage in
            guard let own = storage.claims[name] else { return nil }
            for host in own.hosts {
                let holder = (storage.backends[host] ?? []).min {
                    (storage.claims[$0]?.created ?? "", $0) < (storage.claims[$1]?.created ?? "", $1)
                }
                if let holder, holder != name { return HostConflict(host: host, holder: holder) }
            }
            return nil
        }
    }
}
