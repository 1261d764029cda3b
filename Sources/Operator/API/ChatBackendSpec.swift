import K8sClient

/// What the backend is to be. Defaults are those of the schema, so that `render` and the API server read a file alike.
struct ChatBackendSpec: Codable, Sendable, Hashable {
    var image = "chatgpt-backend:0.1.0"
    var imagePullPolicy: String?
    var imagePullSecrets: [LocalObjectReference]?
    var replicas = 1
    /// nil means the resource's own name.
    var namespace: String?
    var environment = "production"
    var config = BackendConfig()
    var openai = OpenAIUpstream()
    var auth: Authentication?
    var smtp: MailServer?
    /// nil means SQLite.
    var database: DatabaseSettings?
    /// nil means none.
    var cache: CacheSettings?
    var resources = ResourceRequirements()
    var service = ServiceSettings()
    var exposure: Exposure?
    /// nil leaves the number of pods to `replicas`.
    var autoscaling: Autoscaling?
    var disruption: Disruption?
    var networkPolicy: NetworkPolicySettings?
    var backup: BackupSettings?
    var monitoring: Monitoring?
    /// Whether nothing but the status is written.
    var paused = false
    var deletionPolicy = DeletionPolicy.delete
    var metadata: AddedMetadata?
    var podTemplate: PodOverrides?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        image = try container.decode(String.self, forKey: .image, default: image)
        imagePullPolicy = try container.decodeIfPresent(String.self, forKey: .imagePullPolicy)
        imagePullSecrets = try container.decodeIfPresent([LocalObjectReference].self, forKey: .imagePullSecrets)
        replicas = try container.decode(Int.self, forKey: .replicas, default: replicas)
        namespace = try container.decodeIfPresent(String.self, forKey: .namespace)
        environment = try container.decode(String.self, forKey: .environment, default: environment)
        config = try container.decode(BackendConfig.self, forKey: .config, default: config)
        openai = try container.decode(OpenAIUpstream.self, forKey: .openai, default: openai)
        auth = try container.decodeIfPresent(Authentication.self, forKey: .auth)
        smtp = try container.decodeIfPresent(MailServer.self, forKey: .smtp)
        database = try container.decodeIfPresent(DatabaseSettings.self, forKey: .database)
        cache = try container.decodeIfPresent(CacheSettings.self, forKey: .cache)
        resources = try container.decode(ResourceRequirements.self, forKey: .resources, default: resources)
        service = try container.decode(ServiceSettings.self, forKey: .service, default: service)
        exposure = try container.decodeIfPresent(Exposure.self, forKey: .exposure)
        autoscaling = try container.decodeIfPresent(Autoscaling.self, forKey: .autoscaling)
        disruption = try container.decodeIfPresent(Disruption.self, forKey: .disruption)
        networkPolicy = try container.decodeIfPresent(NetworkPolicySettings.self, forKey: .networkPolicy)
        backup = try container.decodeIfPresent(BackupSettings.self, forKey: .backup)
        monitoring = try container.decodeIfPresent(Monitoring.self, forKey: .monitoring)
        paused = try container.decode(Bool.self, forKey: .paused, default: paused)
        deletionPolicy = try container.decode(DeletionPolicy.self, forKey: .deletionPolicy, default: deletionPolicy)
        metadata = try container.decodeIfPresent(AddedMetadata.self, forKey: .metadata)
        podTemplate = try container.decodeIfPresent(PodOverrides.self, forKey: .podTemplate)
    }
}

/// The backend's settings that come as plain variables.
struct BackendConfig: Codable, Sendable, Hashable {
    struct Variable: Codable, Sendable, Hashable {
        var name: String
        var value: String
    }

    var logLevel = "INFO"
    var logFormat = "json"
    var corsOrigins: [String]?
    var allowedHosts: [String]?
    var extraEnv: [Variable]?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        logLevel = try container.decode(String.self, forKey: .logLevel, default: logLevel)
        logFormat = try container.decode(String.self, forKey: .logFormat, default: logFormat)
        corsOrigins = try container.decodeIfPresent([String].self, forKey: .corsOrigins)
        allowedHosts = try container.decodeIfPresent([String].self, forKey: .allowedHosts)
        extraEnv = try container.decodeIfPresent([Variable].self, forKey: .extraEnv)
    }
}

/// The upstream that answers chats.
struct OpenAIUpstream: Codable, Sendable, Hashable {
    var baseURL = "https://api.openai.com/v1"
    /// nil leaves `OPENAI_API_KEY` to whoever writes that key of `NAME-secret`.
    var apiKeySecretRef: SecretKeyReference?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        baseURL = try container.decode(String.self, forKey: .baseURL, default: baseURL)
        apiKeySecretRef = try container.decodeIfPresent(SecretKeyReference.self, forKey: .apiKeySecretRef)
    }
}

/// What tokens are signed with.
struct Authentication: Codable, Sendable, Hashable {
    /// nil lets the operator make `SECRET_KEY` in `NAME-secret`.
    var secretKeySecretRef: SecretKeyReference?
}

/// Kubernetes `ResourceRequirements`; quantities are strings or numbers.
struct ResourceRequirements: Codable, Sendable, Hashable {
    var requests: [String: JSONValue]? = ["memory": "256Mi", "cpu": "250m"]
    var limits: [String: JSONValue]? = ["memory": "512Mi", "cpu": "500m"]

    init() {}

    /// The schema's default stands for the whole object: a member left out of a given one is left out.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        requests = try container.decodeIfPresent([String: JSONValue].self, forKey: .requests)
        limits = try container.decodeIfPresent([String: JSONValue].self, forKey: .limits)
    }
}

/// How `NAME-service` is made.
struct ServiceSettings: Codable, Sendable, Hashable {
    var type = "ClusterIP"
    var annotations: [String: String]?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type, default: type)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}

/// Backups on a schedule.
struct BackupSettings: Codable, Sendable, Hashable {
    var schedule = "0 2 * * *"
    var timeZone = "Etc/UTC"
    var retentionDays = 7
    /// The volume that backups are on; nil gives them none, and each fails for want of a folder.
    var storage: Storage?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schedule = try container.decode(String.self, forKey: .schedule, default: schedule)
        timeZone = try container.decode(String.self, forKey: .timeZone, default: timeZone)
        retentionDays = try container.decode(Int.self, forKey: .retentionDays, default: retentionDays)
        storage = try container.decodeStorageIfPresent(forKey: .storage, default: BackupVolume.usual)
    }
}

/// What to add to every object made for the backend.
struct AddedMetadata: Codable, Sendable, Hashable {
    var labels: [String: String]?
    var annotations: [String: String]?
}
