import K8sClient

extension ManifestContext {
    /// Nil also where the cluster does not know the kind: that is no fault of the resource.
    func serviceMonitor() -> Manifest? {
        guard let monitor = spec.monitoring?.serviceMonitor, monitor.enabled,
            facts.servedKinds.contains(.serviceMonitors)
        else { return nil }
        return Manifest(
            .serviceMonitors,
            [
                "apiVersion": .string(APIResource.serviceMonitors.apiVersion), "kind": "ServiceMonitor",
                "metadata": metadata(adding: monitor.labels),
                "spec": [
                    "selector": ["matchLabels": ["app": .string(backend.name)]],
                    "endpoints": [["port": "http", "path": "/metrics", "interval": .string(monitor.interval)]],
                ],
            ])
    }

    /// The deployment guide's alerts and those that a chat service needs besides, of this namespace's series alone.
    func prometheusRule() -> Manifest? {
        guard let rules = spec.monitoring?.rules, rules.enabled, facts.servedKinds.contains(.prometheusRules) else {
            return nil
        }
        return Manifest(
            .prometheusRules,
            [
                "apiVersion": .string(APIResource.prometheusRules.apiVersion), "kind": "PrometheusRule",
                "metadata": metadata(adding: rules.labels),
                "spec": ["groups": [["name": .string(backend.name), "rules": .array(alerts)]]],
            ])
    }

    private func metadata(adding labels: [String: String]?) -> JSONValue {
        var metadata = metadata(backend.name)
        metadata["labels"] = JSONValue((labels ?? [:]).merging(self.labels(.backend)) { _, own in own })
        return metadata
    }

    private var alerts: [JSONValue] {
        let here = "namespace=\"\(backend.namespace)\""
        let pods = "kubectl get pods -n \(backend.namespace)"
        let logs = "kubectl logs -n \(backend.namespace) deployment/\(backend.name)"
        return [
            alert(
                "HighErrorRate", "rate(http_requests_total{\(here),status=~\"5..\"}[5m]) > 0.1", "warning",
                "High error rate detected", "A route answers with errors of the server; see \(logs)"),
            alert(
                "HighMemoryUsage",
                "container_memory_usage_bytes{\(here),container!=\"\"}"
                    + " / (container_spec_memory_limit_bytes{\(here),container!=\"\"} > 0) > 0.8",
                "warning", "High memory usage detected", "Raise spec.resources.limits.memory before pods are killed."),
            alert(
                "ChatBackendNotReady", "absent(up{\(here),service=\"\(backend.objectNames.service)\"} == 1)",
                "critical", "No pod of the backend can be scraped", "See \(pods)"),
            alert(
                "ChatBackendErrorRatio",
                "sum(rate(http_requests_total{\(here),status=~\"5..\"}[5m]))"
                    + " / sum(rate(http_requests_total{\(here)}[5m])) > 0.05",
                "critical", "More than one request in twenty fails", "See \(logs)"),
            alert(
                "ChatBackendDatabaseSaturated", "min_over_time(database_connection_waiters{\(here)}[5m]) > 0",
                "warning", "Requests wait for a database connection", "Look at the database's load, then add replicas."),
            alert(
                "ChatBackendUpstreamFailing", "max by (server) (upstream_circuit_open{\(here)}) == 1", "critical",
                "The model's server is left alone because it fails", "Check spec.openai and the server itself."),
        ]
    }

    private func alert(
        _ name: String, _ expression: String, _ severity: String, _ summary: String, _ description: String
    ) -> JSONValue {
        [
            "alert": .string(name), "expr": .string(expression), "for": "5m",
            "labels": ["severity": .string(severity)],
            "annotations": ["summary": .string(summary), "description": .string(description)],
        ]
    }
}
