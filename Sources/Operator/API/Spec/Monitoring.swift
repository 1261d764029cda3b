/// What Prometheus is told of the backend, where the cluster has the Prometheus operator's kinds.
struct Monitoring: Codable, Sendable, Hashable {
    /// How the backend is scraped.
    struct ServiceMonitor: Codable, Sendable, Hashable {
        var enabled = true
        /// A Prometheus duration; the deployment guide's global interval.
        var interval = "15s"
        /// What a Prometheus selects its ServiceMonitors by.
        var labels: [String: String]?

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            enabled = try container.decode(Bool.self, forKey: .enabled, default: enabled)
            interval = try container.decode(String.self, forKey: .interval, default: interval)
            labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
        }
    }

    /// The alerts.
    struct Rules: Codable, Sendable, Hashable {
        var enabled = true
        /// What a Prometheus selects its PrometheusRules by.
        var labels: [String: String]?

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            enabled = try container.decode(Bool.self, forKey: .enabled, default: enabled)
            labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
        }
    }

    var serviceMonitor = ServiceMonitor()
    var rules = Rules()

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        serviceMonitor = try container.decode(ServiceMonitor.self, forKey: .serviceMonitor, default: serviceMonitor)
        rules = try container.decode(Rules.self, forKey: .rules, default: rules)
    }
}
