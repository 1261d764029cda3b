import Dispatch
import Foundation
import Glibc
import Synchronization

@testable import Backend

/// A real PostgreSQL of a test's own, on a Unix socket and a port of 127.0.0.1, with passwords.
///
/// A shell script keeps it and ends it when its standard input ends, which the kernel sees to however this process ends.
final class PostgreSQLServer: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let password = "hunter2 pass/word@postgres"

    private static let shared = Mutex<Task<PostgreSQLServer, any Error>?>(nil)

    /// The one that tests share which do not end it.
    static func instance() async throws -> PostgreSQLServer {
        let task = shared.withLock { shared in
            let task = shared ?? Task { try await PostgreSQLServer() }
            shared = task
            return task
        }
        return try await task.value
    }

    /// The URL of a new, empty database on the shared server.
    static func freshDatabase() async throws -> Secret {
        try await instance().freshDatabase()
    }

    let port: Int
    /// Where its socket is.
    let directory: String
    /// The script's input and output.
    private let script: Int32
    private let queue = DispatchQueue(label: "postgresql-server")
    private let databases = Atomic(0)

    init() async throws {
        port = try Self.freePort()
        directory = "/tmp/backend-postgresql-\(UUID().uuidString.prefix(13))"
        var pair: [Int32] = [0, 0]
        // No other child may keep the script's input open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw Failure(description: "no socket: \(errno)") }
        script = pair[0]
        // A script that says nothing for so long is a failed test. Its end alone would not be noticed: whatever it started may
        // hold its side open.
        var timeout = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(script, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        // Foundation collects a child only when its descendants have ended too: a parent that ended before them would be left a
        // zombie, over which the test library's own wait spins.
        process.arguments = ["--wait", "bash", "-c", Self.program, "postgresql-server", directory, "\(port)"]
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "PGPASSWORD": Self.password,
            "LC_ALL": "C.UTF-8",
        ]
        let end = FileHandle(fileDescriptor: pair[1], closeOnDealloc: true)
        process.standardInput = end
        process.standardOutput = end
        try process.run()
        try await answer()
    }

    deinit {
        close(script)
    }

    /// The URL of a new, empty database.
    func freshDatabase() async throws -> Secret {
        let name = "test\(databases.wrappingAdd(1, ordering: .relaxed).newValue)"
        try await command("create \(name)")
        return url(database: name)
    }

    func url(
        user: String = "tester", password: String = password, host: String = "127.0.0.1", port: Int? = nil,
        database: String = "postgres"
    ) -> Secret {
        let password = password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return Secret("postgresql://\(user):\(password)@\(host):\(port ?? self.port)/\(database)")
    }

    /// Ends it as a crash does.
    func kill() async throws {
        try await command("kill")
    }

    func start() async throws {
        try await command("start")
    }

    private func command(_ text: String) async throws {
        try await answer(to: Array("\(text)\n".utf8))
    }

    /// Waits for the script's line about a command; commands of several tasks go to it one after the other.
    private func answer(to command: [UInt8] = []) async throws {
        let line = await withCheckedContinuation { continuation in
            queue.async { [script] in
                guard write(script, command, command.count) == command.count else {
                    return continuation.resume(returning: "its end")
                }
                var line: [UInt8] = []
                var byte: UInt8 = 0
                while read(script, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
                continuation.resume(returning: String(decoding: line, as: UTF8.self))
            }
        }
        guard line == "ok" else { throw Failure(description: "PostgreSQL's script says \"\(line)\"") }
    }

    /// Below the ports that the system gives to outgoing connections: one of those could take it while the server is down.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr = in_addr(s_addr: inet_addr("127.0.0.1"))
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if status == 0 { return port }
        }
        throw Failure(description: "no free port")
    }

    /// PostgreSQL refuses to run as root, so root becomes the user of Debian's package.
    private static let program = #"""
        set -uo pipefail
        trap '' INT TERM HUP
        directory=$1 port=$2
        PATH=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1):$PATH
        as=()
        [ "$(id -u)" != 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        mkdir -m 700 "$directory"
        [ "$(id -u)" != 0 ] || chown postgres: "$directory"
        cd "$directory"
        start() {
            "${as[@]}" pg_ctl --pgdata "$directory/data" --wait --silent --log "$directory/log" start </dev/null >/dev/null
        }
        fail() {
            echo "failed: $*, see $directory/log"
            exit 1
        }
        "${as[@]}" bash -c 'initdb --pgdata "$1/data" --username=tester --pwfile=<(printf "%s\n" "$PGPASSWORD") \
            --auth=scram-sha-256 --no-sync --encoding=UTF8 --locale=C.UTF-8 >"$1/initdb.log" 2>&1' _ "$directory" \
            || fail initdb "$(tail -n 1 "$directory/initdb.log" 2>&1)"
        cat >>"$directory/data/postgresql.conf" <<END
        listen_addresses = '127.0.0.1'
        port = $port
        unix_socket_directories = '$directory'
        max_connections = 200
        fsync = off
        END
        start || fail start
        echo ok
        while read -r command argument; do
            case $command in
                create) psql --host "$directory" --port "$port" --username tester --dbname postgres --quiet \
                    --command "CREATE DATABASE $argument" >/dev/null ;;
                kill) "${as[@]}" pg_ctl --pgdata "$directory/data" --mode immediate --wait --silent stop >/dev/null ;;
                start) start ;;
            esac && echo ok || echo "failed: $command $argument"
        done
        "${as[@]}" pg_ctl --pgdata "$directory/data" --mode immediate --wait --silent stop >/dev/null 2>&1
        cd /
        rm -rf "$directory"
        """#
}
