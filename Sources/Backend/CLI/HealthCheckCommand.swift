import ArgumentParser
import FoundationEssentials
import NIOCore

/// `chatgpt-backend healthcheck`: the guide's `health_check.sh`.
struct HealthCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck", abstract: "Asks a running service whether it is healthy.",
        discussion: "Ends with 0 when it answers 200 within five seconds, with 1 otherwise.")

    @OptionGroup var environment: EnvironmentOptions

    @Option(help: "The http:// address to ask. (default: /health at localhost and PORT, or 8000)")
    var url: String?

    func validate() throws {
        _ = try target([:])
    }

    func run() async throws {
        let target = try target(try environment.variables().values)
        let status: Int
        do {
            status = try await HTTPProbe.status(of: target, timeout: .seconds(5))
        } catch {
            print("Service is unhealthy (\(HTTPProbe.reason(for: error)))")
            throw ExitCode.failure
        }
        guard status == 200 else {
            print("Service is unhealthy (HTTP \(status))")
            throw ExitCode.failure
        }
        print("Service is healthy")
    }

    private func target(_ variables: [String: String]) throws -> HTTPProbe.Target {
        let port = variables["PORT"].flatMap(Int.init) ?? 8000
        guard let target = HTTPProbe.Target(url ?? "http://localhost:\(port)/health") else {
            throw ValidationError("--url must be an http:// address, as in http://localhost:8000/health")
        }
        return target
    }
}
