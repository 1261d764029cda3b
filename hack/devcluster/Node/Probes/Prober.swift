import K8sClient
import NIOCore
import NIOPosix
import Subprocess

/// Carries out one probe or life-cycle hook against a running container.
struct Prober: Sendable {
    /// What came of it; the message is the kubelet's.
    enum Outcome: Hashable, Sendable {
        case success
        case failure(String)
    }

    let podIP: String
    let container: JSONValue
    let process: ContainerProcess
    let sandbox: Sandbox
    let environment: [String: String]
    let user: Int?

    func perform(_ action: ProbeSpec.Action, timeout: Duration) async -> Outcome {
        switch action {
        case .http(let host, let port, let path, let isTLS, let headers):
            guard let number = probePort(port, in: container) else { return .failure("couldn't find port: \(port)") }
            let request = HTTPProbe(
                host: host ?? podIP, port: number, path: path, isTLS: isTLS,
                headers: headers.map { ($0[0], $0[1]) }, timeout: timeout)
            switch await request.status() {
            case .success(let status) where (200..<400).contains(status): return .success
            case .success(let status): return .failure("HTTP probe failed with statuscode: \(status)")
            case .failure(let problem): return .failure("Get \"\(request.url)\": \(problem.description)")
            }
        case .tcp(let host, let port):
            guard let number = probePort(port, in: container) else { return .failure("couldn't find port: \(port)") }
            return await connect(host ?? podIP, number, timeout)
        case .exec(let command):
            return await exec(command, timeout)
        }
    }

    private func connect(_ host: String, _ port: Int, _ timeout: Duration) async -> Outcome {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout)).connect(host: host, port: port).get()
            channel.close(promise: nil)
            return .success
        } catch {
            return .failure("dial tcp \(host):\(port): \(HTTPProbe.Failure(error).description)")
        }
    }

    private func exec(_ command: [String], _ timeout: Duration) async -> Outcome {
        guard
            let configuration = sandbox.configuration(
                exec: command, in: process, environment: environment, user: user)
        else { return .failure("container is not running") }
        return await withTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                do {
                    // Output counts only for the message; more than this is an error of its own, as the limit says.
                    let result = try await run(
                        configuration, output: .string(limit: 64 << 10), error: .combinedWithOutput)
                    if result.terminationStatus.isSuccess { return .success }
                    return .failure(result.standardOutput)
                } catch {
                    return .failure("\(error)")
                }
            }
            group.addTask {
                do { try await Task.sleep(for: timeout) } catch { return nil }
                return .failure("command timed out: \"\(command.joined(separator: " "))\" timed out after \(timeout)")
            }
            let first = await group.next() ?? nil
            group.cancelAll()  // which ends the command, too
            return first ?? .failure("cancelled")
        }
    }
}
