import Logging
import Observability
import ServiceLifecycle

/// Accounts and credentials, put together.
struct AccountServices: Sendable {
    let authenticator: any Authenticator
    let routes: [any RouteGroup]
    /// Started after the database, ended before it.
    let background: [any Service]

    /// - Throws: ``CryptographyError``.
    init(
        settings: Settings, store: Store, bus: any MessageBus, limiter: any RateLimiter, registry: PrometheusRegistry,
        logger: Logger, clock: WallClock = .system, passwords: Scrypt.Parameters = .standard
    ) throws {
        let credentials = CredentialCache(store: store, clock: clock, lifetime: settings.cache.userTTL)
        let changes = AccountChanges(credentials: credentials, bus: bus)
        let tokens = try TokenAuthority(secretKey: settings.secretKey, clock: clock)
        let hasher = PasswordHasher(parameters: passwords, registry: registry)
        let mailer = settings.mail.map { Mailer(settings: $0, registry: registry, logger: logger) }
        let notices = AccountNotices(mailer: mailer, publicURL: settings.publicURL)
        let sessions = SessionManager(store: store, hasher: hasher, tokens: tokens, changes: changes, clock: clock)
        let accounts = AccountManager(
            store: store, hasher: hasher, changes: changes, notices: notices, registration: settings.registration,
            clock: clock)
        let resets = PasswordResets(
            store: store, hasher: hasher, changes: changes, notices: notices, clock: clock, logger: logger)
        let limits = LogInLimits(limiter: limiter)
        let authenticator = CredentialAuthenticator(tokens: tokens, credentials: credentials)
        self.authenticator = authenticator
        routes = [
            AuthRoutes(
                sessions: sessions, accounts: accounts, resets: resets, authenticator: authenticator, limits: limits,
                proxies: settings.trustedProxies),
            ProfileRoutes(accounts: accounts, authenticator: authenticator, limits: limits),
            UserAdministrationRoutes(accounts: accounts, authenticator: authenticator),
            APIKeyRoutes(store: store, authenticator: authenticator, changes: changes, clock: clock),
        ]
        let mail: [any Service] = mailer.map { [$0] } ?? []
        background =
            mail + [
                hasher, changes,
                CredentialMaintenance(store: store, credentials: credentials, clock: clock, logger: logger), resets,
            ]
    }
}
