import K8sClient

extension ManifestContext {
    /// The variables that hold no secret, under the deployment guide's names.
    func configMap() -> Manifest {
        var data = [
            "ENVIRONMENT": spec.environment,
            "LOG_LEVEL": spec.config.logLevel,
            "LOG_FORMAT": spec.config.logFormat,
            "OPENAI_BASE_URL": spec.openai.baseURL,
        ]
        if let origins = spec.config.corsOrigins, !origins.isEmpty {
            data["CORS_ORIGINS"] = origins.joined(separator: ",")
        }
        if let hosts = spec.config.allowedHosts, !hosts.isEmpty {
            data["ALLOWED_HOSTS"] = hosts.joined(separator: ",")
        }
        if let smtp = spec.smtp {
            data["SMTP_HOST"] = smtp.host
            data["SMTP_PORT"] = String(smtp.port)
            data["SMTP_FROM_EMAIL"] = smtp.from
            data["SMTP_USERNAME"] = smtp.username
            data["SMTP_TLS"] = smtp.tls
        }
        if spec.usesSQLite { data["DATABASE_URL"] = "sqlite:///\(SQLiteVolume.file)" }
        if let pool = spec.effectivePool {
            data["DATABASE_POOL_SIZE"] = String(pool.size)
            data["DATABASE_MAX_OVERFLOW"] = String(pool.overflow)
        }
        return Manifest(
            .configMaps,
            [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(backend.objectNames.configMap),
                "data": JSONValue(data),
            ])
    }
}
