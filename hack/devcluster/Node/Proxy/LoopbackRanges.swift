import NIOCore
import NIOPosix

/// The parts of the loopback network that one development cluster has for itself: a `/16` for pods and one for Services.
///
/// Several clusters can run on a machine (a test beside the quickstart's): each holds a port on the last address of its
/// range for pods, and the next one takes another range.
struct LoopbackRanges: Sendable {
    /// There is no range left; so many clusters nobody runs.
    struct Exhausted: Error, CustomStringConvertible {
        let description = "every loopback range from 127.10.0.0/16 to 127.89.0.0/16 is in use by another cluster"
    }

    /// Pods are at `127.OCTET.…`.
    let pods: Int
    /// Services are at `127.OCTET.…`.
    let services: Int
    private let holder: any Channel

    /// Takes the first ranges that no other cluster on this machine has.
    /// - Parameter preferred: what `pods` was before, tried first.
    static func claim(preferred: Int? = nil) async throws -> LoopbackRanges {
        for octet in (preferred.map { [$0] } ?? []) + Array(10..<90) {
            do {
                let holder = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelInitializer { $0.close() }
                    .bind(host: "127.\(octet).255.254", port: 10250).get()
                return LoopbackRanges(pods: octet, services: octet + 86, holder: holder)
            } catch let error as IOError where error.errnoCode == 98 {
                continue  // EADDRINUSE: another cluster's
            }
        }
        throw Exhausted()
    }

    /// Lets others have the ranges.
    func release() { holder.close(promise: nil) }
}
