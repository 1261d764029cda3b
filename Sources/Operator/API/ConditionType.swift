/// The condition types of a ChatBackend, with kstatus' meaning.
enum ConditionType {
    /// The sum: True when all is as specified, Unknown while work is under way, False when something is wrong.
    static let ready = "Ready"
    /// Work is under way; present only while True.
    static let reconciling = "Reconciling"
    /// Nothing goes on until somebody acts; present only while True.
    static let stalled = "Stalled"
    /// At least one pod takes requests.
    static let available = "Available"
    /// The specification keeps the operator from writing; present only while True.
    static let paused = "Paused"
}

/// The reasons of conditions and Events: stable, since alerts and scripts match on them.
enum Reason {
    static let ready = "Ready"
    static let applying = "Applying"
    static let rollingOut = "RollingOut"
    static let terminating = "Terminating"
    static let namespaceTerminating = "NamespaceTerminating"
    static let scaledToZero = "ScaledToZero"
    static let podsReady = "PodsReady"
    static let noPodReady = "NoPodReady"
    static let progressDeadlineExceeded = "ProgressDeadlineExceeded"
    static let invalidSpec = "InvalidSpec"
    static let invalidName = "InvalidName"
    static let namespaceReserved = "NamespaceReserved"
    static let namespaceNotOwned = "NamespaceNotOwned"
    static let namespaceClaimed = "NamespaceClaimed"
    static let invalidExposure = "InvalidExposure"
    static let hostTaken = "HostTaken"
    static let gatewayAPIMissing = "GatewayAPIMissing"
    static let invalidAutoscaling = "InvalidAutoscaling"
    static let invalidDisruption = "InvalidDisruption"
    static let invalidMailServer = "InvalidMailServer"
    static let paused = "Paused"
    static let databaseInvalid = "DatabaseInvalid"
    static let cacheInvalid = "CacheInvalid"
    static let connectionBudgetExceeded = "ConnectionBudgetExceeded"
    static let kindNotServed = "KindNotServed"
    static let nameTaken = "NameTaken"
    static let secretMissing = "SecretMissing"
    static let databasePending = "DatabasePending"
    static let finalBackupRunning = "FinalBackupRunning"
    static let finalBackupFailed = "FinalBackupFailed"
    static let applyRefused = "ApplyRefused"
    static let permissionDenied = "PermissionDenied"
    static let applyFailed = "ApplyFailed"

    // Of Events alone.
    static let created = "Created"
    static let updated = "Updated"
    static let deleted = "Deleted"
    static let deleting = "Deleting"
}
