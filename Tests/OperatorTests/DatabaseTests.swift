import K8sClient
import Testing

@testable import Operator

/// What `spec.database` and `spec.cache` become, and what is refused of them.
@Suite struct DatabaseTests {
    private func backend(_ spec: JSONValue) throws -> ChatBackend {
        ChatBackend(metadata: ObjectMeta(name: "chat", uid: "u-1"), spec: try spec.decode(ChatBackendSpec.self))
    }

    private func object(_ spec: JSONValue, _ kind: String, _ name: String) throws -> JSONValue? {
        DesiredState.manifests(for: try backend(spec)).map(\.object).first {
            $0["kind"]?.string == kind && $0["metadata", "name"]?.string == name
        }
    }

    private func refusal(_ spec: JSONValue) throws -> Refusal? {
        Admission.check(try backend(spec), operatorNamespace: "chatbackend-system")
    }

    private static let external: JSONValue = ["urlSecretRef": ["name": "db", "key": "url"]]

    @Test("nothing said is one pod on SQLite with a volume, which two pods never share")
    func sqlite() throws {
        let deployment = try #require(try object([:], "Deployment", "chat"))
        #expect(deployment["spec", "replicas"] == 1)
        #expect(deployment["spec", "strategy"] == ["type": "Recreate"])
        let volume = deployment["spec", "template", "spec", "volumes"]?.array?.first
        #expect(volume?["persistentVolumeClaim", "claimName"] == "chat-data")
        #expect(try object([:], "PersistentVolumeClaim", "chat-data") != nil)
        let config = try object([:], "ConfigMap", "chat-config")
        #expect(config?["data", "DATABASE_URL"] == "sqlite:////data/chatgpt_backend.db")
    }

    @Test("SQLite with several pods or with a pool is refused, with what to do")
    func sqliteRefusals() throws {
        let several = try #require(try refusal(["replicas": 2]))
        #expect(several.reason == "DatabaseInvalid" && several.message.contains("spec.replicas to 1"))
        #expect(try refusal(["database": ["pool": ["size": 3]]])?.message.contains("spec.database.pool") == true)
        #expect(try refusal(["replicas": 0]) == nil)
    }

    @Test("more than one database or cache is refused")
    func oneOf() throws {
        let both: JSONValue = ["database": ["managed": [:], "sqlite": [:]]]
        #expect(try refusal(both)?.message.contains("names 2 databases") == true)
        #expect(try refusal(["cache": ["managed": [:], "none": [:]]])?.reason == "CacheInvalid")
    }

    @Test("a managed PostgreSQL has the guide's settings, and those given win over them")
    func managed() throws {
        let spec: JSONValue = ["database": ["managed": ["parameters": ["work_mem": "16MB"]]]]
        let set = try #require(try object(spec, "StatefulSet", "postgres"))
        let container = set["spec", "template", "spec", "containers"]?.array?.first
        let arguments = container?["args"]?.array?.compactMap(\.string) ?? []
        for setting in [
            "shared_buffers=256MB", "effective_cache_size=1GB", "work_mem=16MB", "maintenance_work_mem=64MB",
            "max_connections=100",
        ] {
            #expect(arguments.contains(setting))
        }
        // The backend's Service selects by `app`.
        #expect(set["spec", "template", "metadata", "labels", "app"] == "chat-postgres")
        #expect(try object(spec, "ConfigMap", "chat-config")?["data", "DATABASE_URL"] == nil)
    }

    @Test("the address holds the password percent-encoded, and the password is made once")
    func addresses() throws {
        let spec: JSONValue = ["database": ["managed": [:]], "cache": ["managed": [:]]]
        let manifest = ManifestContext(backend: try backend(spec), facts: ObservedFacts()).secret()
        let made = manifest.completed([:])
        #expect(made["POSTGRES_PASSWORD"]?.utf8.count == 43)
        #expect(manifest.completed(made) == made)
        let chosen = manifest.completed(["POSTGRES_PASSWORD": "p@ss/wörd:", "REDIS_PASSWORD": "a b", "OTHER": "x"])
        #expect(chosen["DATABASE_URL"] == "postgresql://postgres:p%40ss%2Fw%C3%B6rd%3A@postgres:5432/chatgpt_backend")
        #expect(chosen["REDIS_URL"] == "redis://:a%20b@redis:6379/0")
        #expect(chosen["OTHER"] == "x")
    }

    @Test("servers run within the restricted Pod Security standard, with no password in an argument")
    func restricted() throws {
        let spec: JSONValue = ["database": ["managed": [:]], "cache": ["managed": [:]]]
        for (kind, name) in [("StatefulSet", "postgres"), ("Deployment", "redis")] {
            let pod = try #require(try object(spec, kind, name)?["spec", "template", "spec"])
            #expect(pod["securityContext", "runAsNonRoot"] == true)
            #expect(pod["securityContext", "seccompProfile", "type"] == "RuntimeDefault")
            #expect(pod["automountServiceAccountToken"] == false)
            let container = pod["containers"]?.array?.first
            #expect(container?["securityContext", "allowPrivilegeEscalation"] == false)
            #expect(container?["securityContext", "capabilities", "drop"] == ["ALL"])
        }
    }

    @Test("a pool that was not asked for fits the server; the guide's own needs one that is large enough")
    func derivedPool() throws {
        func pool(_ spec: JSONValue) throws -> DatabasePool? { try spec.decode(ChatBackendSpec.self).effectivePool }
        // (100 − 5) / (3 + 1) = 23
        #expect(try pool(["replicas": 3, "database": ["managed": [:]]]) == DatabasePool(size: 9, overflow: 14))
        #expect(
            try pool(["replicas": 3, "database": ["managed": ["parameters": ["max_connections": "205"]]]])
                == DatabasePool(size: 20, overflow: 30))
        #expect(try pool(["database": ["external": Self.external]]) == nil)
        #expect(try refusal(["replicas": 94, "database": ["managed": [:]]]) == nil)
        #expect(try refusal(["replicas": 95, "database": ["managed": [:]]])?.reason == "ConnectionBudgetExceeded")
    }

    @Test("a pool that was asked for and does not fit is refused with the arithmetic")
    func refusedPool() throws {
        let spec: JSONValue = [
            "replicas": 3, "database": ["managed": [:], "pool": ["size": 20, "overflow": 30]],
        ]
        let refusal = try #require(try refusal(spec))
        #expect(refusal.reason == "ConnectionBudgetExceeded")
        #expect(refusal.message.contains("(3 replicas + 1 while rolling out) × (pool of 20 + overflow of 30) = 200"))
        #expect(refusal.message.contains("max_connections 100 − 5 in reserve = 95"))
        var external = Self.external
        external["maxConnections"] = 205
        let fitting: JSONValue = ["replicas": 3, "database": ["external": external, "pool": ["size": 50]]]
        #expect(try self.refusal(fitting) == nil)
    }

    @Test("a Cluster of CloudNativePG is made where its kind is served, and refused elsewhere")
    func cloudNativePG() throws {
        let spec: JSONValue = ["replicas": 2, "database": ["cloudNativePG": ["storage": ["storageClassName": "fast"]]]]
        let served = ObservedFacts(servedKinds: [.cloudNativePGClusters])
        let cluster = DesiredState.manifests(for: try backend(spec), served).first { $0.resource.kind == "Cluster" }
        #expect(cluster?.object["spec", "storage"] == ["size": "10Gi", "storageClass": "fast"])
        let refusal = Admission.checkDatabase(try backend(spec).spec, servedKinds: [])
        #expect(refusal?.message.contains("clusters.postgresql.cnpg.io") == true)
        #expect(Admission.checkDatabase(try backend(spec).spec, servedKinds: served.servedKinds) == nil)
    }

    @Test("a missing Secret or key is told of with the command that makes it")
    func missingSecrets() {
        let reference = SecretKeyReference(name: "db", key: "url")
        let secret = MissingSecret(variable: "DATABASE_URL", reference: reference, isKeyAlone: false, isAwaited: false)
        #expect(
            secret.message(namespace: "n").contains(
                "kubectl create secret generic db --namespace n --from-literal=url=VALUE"))
        let key = MissingSecret(variable: "DATABASE_URL", reference: reference, isKeyAlone: true, isAwaited: false)
        #expect(key.message(namespace: "n").contains("kubectl patch secret db --namespace n"))
    }

    @Test("the hash of values changes with a value and with the key")
    func keyedHash() {
        let hash = Digest(of: ["a": "1"], key: "k")
        #expect(hash == Digest(of: ["a": "1"], key: "k"))
        #expect(hash != Digest(of: ["a": "2"], key: "k"))
        #expect(hash != Digest(of: ["a": "1"], key: "l"))
        #expect(hash != Digest(of: ["a": "1"]))
    }
}
