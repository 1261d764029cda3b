/// How the backend is reached from outside the cluster: one of the two.
struct Exposure: Codable, Sendable, Hashable {
    /// Through an Ingress of any class.
    struct Ingress: Codable, Sendable, Hashable {
        /// The certificate: made by cert-manager's issuer, or in a Secret that is there.
        struct TLS: Codable, Sendable, Hashable {
            var clusterIssuer: String?
            /// A cert-manager Issuer in the backend's namespace; not together with `clusterIssuer`.
            var issuer: String?
            /// nil means `NAME-tls`.
            var secretName: String?
        }

        var host: String
        var className = "nginx"
        var tls: TLS?
        var annotations: [String: String]?

        init(host: String) {
            self.host = host
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            host = try container.decode(String.self, forKey: .host)
            className = try container.decode(String.self, forKey: .className, default: className)
            tls = try container.decodeIfPresent(TLS.self, forKey: .tls)
            annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
        }
    }

    /// Through Gateways of the Gateway API. Certificates are the Gateway's: cert-manager reads its annotation there.
    struct HTTPRoute: Codable, Sendable, Hashable {
        struct ParentReference: Codable, Sendable, Hashable {
            var name: String
            /// nil means the backend's own namespace.
            var namespace: String?
            /// One listener of the Gateway; nil means all that allow the hostnames.
            var sectionName: String?
        }

        /// Gateway API durations (GEP-2257), such as `90s` or `1h30m`; `0s` is no bound.
        struct Timeouts: Codable, Sendable, Hashable {
            /// For a whole answer. Streams last as long as an answer does, therefore none by default.
            var request = "0s"
            var backendRequest: String?

            init() {}

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                request = try container.decode(String.self, forKey: .request, default: request)
                backendRequest = try container.decodeIfPresent(String.self, forKey: .backendRequest)
            }
        }

        var parentRefs: [ParentReference]
        var hostnames: [String]
        var timeouts = Timeouts()

        init(parentRefs: [ParentReference], hostnames: [String]) {
            self.parentRefs = parentRefs
            self.hostnames = hostnames
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            parentRefs = try container.decode([ParentReference].self, forKey: .parentRefs)
            hostnames = try container.decode([String].self, forKey: .hostnames)
            timeouts = try container.decode(Timeouts.self, forKey: .timeouts, default: timeouts)
        }
    }

    var ingress: Ingress?
    var httpRoute: HTTPRoute?
}

extension Exposure {
    /// The names under which the backend answers, of which no other may have one.
    var hosts: [String] { ingress.map { [$0.host] } ?? httpRoute?.hostnames ?? [] }

    /// Where a client reaches the backend. A Gateway's listeners are not looked at: HTTPS is taken for granted there.
    var url: String? {
        if let ingress { return "\(ingress.tls == nil ? "http" : "https")://\(ingress.host)" }
        guard let hosts = httpRoute?.hostnames else { return nil }
        return (hosts.first { !$0.hasPrefix("*") } ?? hosts.first).map { "https://\($0)" }
    }
}
