import K8sClient

/// Where the backend keeps its data: at most one of the four. None is SQLite.
///
/// The schema gives no default for it: a default would be stored, and stand beside what a later `kubectl apply` names.
struct DatabaseSettings: Codable, Sendable, Hashable {
    var managed: ManagedDatabase?
    var external: ExternalDatabase?
    var sqlite: SQLiteDatabase?
    var cloudNativePG: CloudNativePGDatabase?
    /// nil takes the pool from the connection budget, or leaves the backend's own where the server's bound is not known.
    var pool: DatabasePool?
}

/// PostgreSQL in a StatefulSet of the operator's.
struct ManagedDatabase: Codable, Sendable, Hashable {
    var image = "postgres:15"
    var storage = Storage(size: "10Gi")
    /// Settings of the server, over the deployment guide's.
    var parameters: [String: String]?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        image = try container.decode(String.self, forKey: .image, default: image)
        storage = try container.decodeStorage(forKey: .storage, default: storage)
        parameters = try container.decodeIfPresent([String: String].self, forKey: .parameters)
    }
}

/// A database that somebody else runs.
struct ExternalDatabase: Codable, Sendable, Hashable {
    var urlSecretRef: SecretKeyReference
    /// The server's `max_connections`, for the connection budget; nil where it is not known.
    var maxConnections: Int?
}

/// A SQLite file on a volume of the one pod's.
struct SQLiteDatabase: Codable, Sendable, Hashable {
    var storage = Storage(size: "1Gi")

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        storage = try container.decodeStorage(forKey: .storage, default: storage)
    }
}

/// A `Cluster` of CloudNativePG.
struct CloudNativePGDatabase: Codable, Sendable, Hashable {
    var instances = 3
    var storage = Storage(size: "10Gi")
    var parameters: [String: String]?

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        instances = try container.decode(Int.self, forKey: .instances, default: instances)
        storage = try container.decodeStorage(forKey: .storage, default: storage)
        parameters = try container.decodeIfPresent([String: String].self, forKey: .parameters)
    }
}

/// A volume: its size as a Kubernetes quantity, and who makes it.
struct Storage: Codable, Sendable, Hashable {
    var size: String
    /// nil means the cluster's default class.
    var storageClassName: String?
}

/// Connections of each pod.
struct DatabasePool: Codable, Sendable, Hashable {
    /// Kept open: `DATABASE_POOL_SIZE`.
    var size: Int
    /// Further ones while those are in use: `DATABASE_MAX_OVERFLOW`.
    var overflow = 0

    init(size: Int, overflow: Int) {
        self.size = size
        self.overflow = overflow
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        size = try container.decode(Int.self, forKey: .size)
        overflow = try container.decode(Int.self, forKey: .overflow, default: overflow)
    }

    var connections: Int { size + overflow }
}

extension KeyedDecodingContainer {
    /// A volume whose size has a default.
    fileprivate func decodeStorage(forKey key: Key, default fallback: Storage) throws -> Storage {
        let given = try decodeIfPresent(GivenStorage.self, forKey: key)
        return Storage(size: given?.size ?? fallback.size, storageClassName: given?.storageClassName)
    }

    /// The same of a volume that there may be none of.
    func decodeStorageIfPresent(forKey key: Key, default fallback: Storage) throws -> Storage? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        return try decodeStorage(forKey: key, default: fallback)
    }
}

/// A volume as it is written, with its size left out perhaps.
private struct GivenStorage: Decodable {
    var size: String?
    var storageClassName: String?
}

/// Which database a specification asks for.
enum DatabaseChoice: Sendable, Hashable {
    case sqlite(SQLiteDatabase)
    case managed(ManagedDatabase)
    case external(ExternalDatabase)
    case cloudNativePG(CloudNativePGDatabase)
}

extension ChatBackendSpec {
    /// The database asked for; SQLite where none is.
    var databaseChoice: DatabaseChoice {
        if let managed = database?.managed { return .managed(managed) }
        if let external = database?.external { return .external(external) }
        if let cluster = database?.cloudNativePG { return .cloudNativePG(cluster) }
        return .sqlite(database?.sqlite ?? SQLiteDatabase())
    }

    var usesSQLite: Bool {
        if case .sqlite = databaseChoice { true } else { false }
    }
}
