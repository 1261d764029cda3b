import FoundationEssentials
import K8sClient
import Testing

@testable import devcluster

@Suite("PostgreSQL and Redis as pods", .serialized)
struct NodeDatabaseTests {
    private static let postgres = """
        {metadata: {name: db}, spec: {serviceName: db, replicas: 1, selector: {matchLabels: {app: db}},
          template: {metadata: {labels: {app: db}}, spec: {securityContext: {runAsNonRoot: true}, containers: [{
            name: postgres, image: "postgres:16-alpine", securityContext: {readOnlyRootFilesystem: true}, args: [-c, max_connections=17],
            env: [{name: POSTGRES_USER, value: chat}, {name: POSTGRES_DB, value: talks},
              {name: POSTGRES_PASSWORD_FILE, value: /secrets/password},
              {name: POSTGRES_INITDB_ARGS, value: "--data-checksums"}, {name: PGDATA, value: /data/pg}],
            ports: [{name: sql, containerPort: 5432}],
            volumeMounts: [{name: data, mountPath: /data}, {name: password, mountPath: /secrets, readOnly: true}],
            readinessProbe: {exec: {command: [pg_isready, -U, chat, -d, talks, -h, localhost]}, periodSeconds: 1,
              timeoutSeconds: 10}}],
            volumes: [{name: password, secret: {secretName: db}}]}},
          volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce],
            resources: {requests: {storage: 1Gi}}}}]}}
        """

    private static let redis = """
        {metadata: {name: cache}, spec: {replicas: 1, selector: {matchLabels: {app: cache}},
          template: {metadata: {labels: {app: cache}}, spec: {containers: [{
            name: redis, image: "redis:7", args: [--requirepass, hush], ports: [{containerPort: 6379}],
            env: [{name: REDISCLI_AUTH, value: hush}],
            readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1, timeoutSeconds: 10}}]}}}}
        """

    /// Runs a shell script in a pod of an image and returns what it wrote.
    private static func shell(_ cluster: RunningCluster, _ name: String, image: String, _ script: String) async throws
        -> String
    {
        let pod: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "restartPolicy": "Never",
                "containers": [
                    [
                        "name": "client", "image": .string(image), "command": ["sh", "-c", .string(script)],
                        "env": [["name": "PGPASSWORD", "value": "s3cret"]],
                    ]
                ],
            ],
        ]
        _ = try cluster.cluster.create(.pods, pod, manager: "test")
        let ended = try await cluster.pod(name, "has ended", seconds: 60) {
            ["Succeeded", "Failed"].contains($0["status", "phase"]?.string)
        }
        let log = try await cluster.log(ended, "client")
        #expect(ended["status", "phase"] == "Succeeded", "\(log)")
        return log
    }

    private static var isInstalled: Bool {
        // The images exist where the servers do; hack/test installs them.
        !MachineFiles().children("/usr/lib/postgresql").isEmpty
            && MachineFiles.executable("redis-server", path: "/usr/bin") != nil
    }

    @Test(
        "A PostgreSQL with a claim is reached by its Service's name from another pod, and has its data after its pod is deleted",
        .enabled(if: isInstalled, "PostgreSQL and Redis are installed"))
    func postgres() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(.secrets, "{metadata: {name: db}, data: {password: czNjcmV0}}")
            try cluster.create(
                .services, "{metadata: {name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}}"
            )
            try cluster.create(
                .services,
                "{metadata: {name: db-rw}, spec: {selector: {app: db}, ports: [{port: 5432, targetPort: sql}]}}")
            try cluster.create(.statefulSets, Self.postgres)
            try await cluster.wait("the database is ready", seconds: 90) {
                cluster.get(.statefulSets, "db")?["status", "availableReplicas"]?.int == 1
            }
            let first = try await Self.shell(
                cluster, "writer", image: "postgres",
                """
                set -e
                until pg_isready -q -h db-rw; do sleep 0.2; done
                psql -qAt -h db-rw.default.svc.cluster.local -U chat talks -c "create table t (v text); insert into t values ('kept')"
                psql -qAt -h db-0.db -U chat talks -c 'show max_connections; show data_checksums; show data_directory'
                psql -qAt -h db-0.db.default.svc.cluster.local -U chat talks -c 'select current_user'
                id -u
                ! PGPASSWORD=wrong psql -h db -U chat talks -c 'select 1' 2>&1
                """)
            #expect(first.hasPrefix("17\non\n/data/pg\nchat\n999\n"), "\(first)")
            #expect(first.contains("password authentication failed for user \"chat\""))

            let before = try #require(cluster.get(.pods, "db-0"))
            try cluster.cluster.delete(.pods, namespace: "default", name: "db-0", Deletion())
            try await cluster.wait("another pod of the name is ready", seconds: 90) {
                guard let pod = cluster.get(.pods, "db-0") else { return false }
                return pod.meta.uid != before.meta.uid && pod.isTrue("Ready")
            }
            let log = try await cluster.log(try #require(cluster.get(.pods, "db-0")), "postgres")
            #expect(!log.contains("initialised"), "the data folder is used again")
            #expect(!log.contains("not properly shut down"), "the server had ended in order: \(log)")
            let second = try await Self.shell(
                cluster, "reader", image: "postgres:17",
                "until psql -qAt -h db-rw -U chat talks -c 'select v from t'; do sleep 0.2; done 2>/dev/null")
            #expect(second == "kept\n")
        }
    }

    @Test(
        "A Redis with a password answers its Service's name, also for a pod that was there before the Service",
        .enabled(if: isInstalled, "PostgreSQL and Redis are installed"))
    func redis() async throws {
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                """
                {metadata: {name: early}, spec: {restartPolicy: Never, containers: [{name: client, image: redis,
                  command: [sh, -c, 'until redis-cli -h cache.default.svc set greeting hello 2>/dev/null | grep OK; do sleep 0.2; done'],
                  env: [{name: REDISCLI_AUTH, value: hush}]}]}}
                """)
            _ = try await cluster.pod("early", "runs") { $0.isTrue("Ready") }
            try cluster.create(.deployments, Self.redis)
            try cluster.create(
                .services, "{metadata: {name: cache}, spec: {selector: {app: cache}, ports: [{port: 6379}]}}")
            try await cluster.wait("Redis is available", seconds: 60) {
                cluster.get(.deployments, "cache")?["status", "availableReplicas"]?.int == 1
            }
            _ = try await cluster.pod("early", "has found it", seconds: 60) { $0["status", "phase"] == "Succeeded" }
            let answer = try await Self.shell(
                cluster, "client", image: "redis",
                "redis-cli -h cache get greeting; redis-cli -h cache -a hush get greeting")
            #expect(answer.contains("NOAUTH") && answer.contains("hello\n"), "\(answer)")
        }
    }

    @Test("A database without a password says what to set, and does not start")
    func refusesWithoutPassword() async throws {
        try #require(Self.isInstalled)
        try await RunningCluster.run { cluster in
            try cluster.create(
                .pods,
                "{metadata: {name: open}, spec: {restartPolicy: Never, containers: [{name: db, image: postgres}]}}")
            let pod = try await cluster.pod("open", "has failed") { $0["status", "phase"] == "Failed" }
            #expect(try await cluster.log(pod, "db").contains("POSTGRES_PASSWORD is not set"))
        }
    }
}
