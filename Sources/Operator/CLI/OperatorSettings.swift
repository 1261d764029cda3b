import ArgumentParser
import Logging
import Observability

/// What `run` can be told.
struct OperatorSettings: ParsableArguments {
    static let defaultNamespace = "chatbackend-system"

    @Option(help: "The kubeconfig; by default KUBECONFIG, the pod's service account, or ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "The kubeconfig's context; by default its current one.")
    var context: String?

    @Option(
        help: "The operator's own namespace, which holds its Lease; by default POD_NAMESPACE, else chatbackend-system.")
    var namespace: String?

    @Option(help: "Where to serve /healthz, /readyz and /metrics, as ADDRESS:PORT; port 0 takes a free one.")
    var listen = ListenAddress(host: "0.0.0.0", port: 8080)

    @Option(help: "How many ChatBackends to work on at once.")
    var workers = 8

    @Option(
        help: "trace, debug, info, notice, warning, error or critical.",
        transform: { try value(of: Logger.Level.self, $0.lowercased(), in: Logger.Level.allCases) })
    var logLevel = Logger.Level.info

    @Option(help: "json or text.", transform: { try value(of: LogFormat.self, $0, in: LogFormat.allCases) })
    var logFormat = LogFormat.json

    @Flag(inversion: .prefixedNo, help: "Wait for the Lease before acting; without it run one replica only.")
    var leaderElection = true

    func validate() throws {
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
    }
}

private func value<T: RawRepresentable<String>>(of type: T.Type, _ text: String, in all: [T]) throws -> T {
    guard let value = T(rawValue: text) else {
        throw ValidationError("'\(text)' must be one of \(all.map(\.rawValue).joined(separator: ", "))")
    }
    return value
}

/// Where to listen: `0.0.0.0:8080`, `[::]:8080`.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    var defaultValueDescription: String { description }
}
