import FoundationEssentials
import ServiceLifecycle

/// Tells who remembers credentials that those of a user have changed. Called once the change is in the database.
///
/// Messages between replicas make it quick; that none is missed is ``CredentialMaintenance``'s part.
struct AccountChanges: Service, CustomStringConvertible {
    private static let channel = BusChannel("account-changes")

    let credentials: CredentialCache
    let bus: any MessageBus

    var description: String { "account changes" }

    /// This replica forgets before it returns, the others as soon as they hear of it.
    func announce(_ user: UUID) async {
        credentials.forget(user: user)
        await bus.publish(withUnsafeBytes(of: user.uuid) { Array($0) }, to: Self.channel)
    }

    /// Listens to the other replicas.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await event in await bus.subscribe(to: Self.channel) {
                switch event {
                case .message(let bytes):
                    guard let user = Self.user(bytes) else { continue }
                    credentials.forget(user: user)
                case .lagged, .reconnected: credentials.forgetAll()
                }
            }
        }
    }

    /// - Returns: Nil for what no version of this program sends.
    private static func user(_ bytes: [UInt8]) -> UUID? {
        guard bytes.count == 16 else { return nil }
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
