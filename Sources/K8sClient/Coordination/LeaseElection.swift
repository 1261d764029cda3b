/// Who leads, by a Lease. Pure: it is told what the server holds and when, and answers what may be done.
///
/// Clocks are never compared: a holder has failed when its record has not changed for the record's own duration, as seen
/// and measured here. The duration is the holder's, so that instances with different settings agree.
struct LeaseElection: Sendable {
    /// What a Lease says of its holder.
    struct Record: Sendable, Hashable {
        var holder: String
        var durationSeconds: Int
        var acquireTime: String
        var renewTime: String
        var transitions: Int

        init(holder: String, durationSeconds: Int, acquireTime: String, renewTime: String, transitions: Int) {
            self.holder = holder
            self.durationSeconds = durationSeconds
            self.acquireTime = acquireTime
            self.renewTime = renewTime
            self.transitions = transitions
        }

        /// Reads a Lease; what is missing reads as nobody's.
        init(_ lease: JSONValue) {
            holder = lease["spec", "holderIdentity"]?.string ?? ""
            durationSeconds = lease["spec", "leaseDurationSeconds"]?.int ?? 0
            acquireTime = lease["spec", "acquireTime"]?.string ?? ""
            renewTime = lease["spec", "renewTime"]?.string ?? ""
            transitions = lease["spec", "leaseTransitions"]?.int ?? 0
        }

        var spec: JSONValue {
            [
                "holderIdentity": .string(holder), "leaseDurationSeconds": JSONValue(durationSeconds),
                "acquireTime": .string(acquireTime), "renewTime": .string(renewTime),
                "leaseTransitions": JSONValue(transitions),
            ]
        }
    }

    let identity: String
    let durationSeconds: Int
    let renewDeadline: Duration

    private(set) var observed: Record?
    private var observedAt: ContinuousClock.Instant?
    /// When the last renewal was sent that the server took.
    private var renewedAt: ContinuousClock.Instant?

    init(identity: String, durationSeconds: Int, renewDeadline: Duration) {
        self.identity = identity
        self.durationSeconds = durationSeconds
        self.renewDeadline = renewDeadline
    }

    /// What the server holds, as just read.
    mutating func observe(_ record: Record, at now: ContinuousClock.Instant) {
        if record != observed {
            observed = record
            observedAt = now
        }
        if record.holder != identity { renewedAt = nil }
    }

    /// Whether the lease may be taken or renewed.
    func mayHold(at now: ContinuousClock.Instant) -> Bool {
        guard let observed, let observedAt else { return true }
        if observed.holder.isEmpty || observed.holder == identity { return true }
        return now - observedAt >= .seconds(observed.durationSeconds)
    }

    /// The record to write in order to hold the lease.
    func record(at time: Timestamp) -> Record {
        if let observed, observed.holder == identity {
            var renewed = observed
            renewed.durationSeconds = durationSeconds
            renewed.renewTime = time.micro
            return renewed
        }
        return Record(
            holder: identity, durationSeconds: durationSeconds, acquireTime: time.micro, renewTime: time.micro,
            transitions: observed.map { $0.transitions + 1 } ?? 0)
    }

    /// The record to write in order to let go: nobody has to wait.
    func released(at time: Timestamp) -> Record? {
        guard var record = observed, record.holder == identity else { return nil }
        record.holder = ""
        record.durationSeconds = 1
        record.acquireTime = time.micro
        record.renewTime = time.micro
        return record
    }

    /// The server took a record that was sent at this moment.
    mutating func wrote(_ record: Record, sentAt: ContinuousClock.Instant) {
        observed = record
        observedAt = sentAt
        renewedAt = record.holder == identity ? sentAt : nil
    }

    /// Until when this instance may act as the leader; `nil` when it may not.
    var leadsUntil: ContinuousClock.Instant? { renewedAt.map { $0 + renewDeadline } }

    func leads(at now: ContinuousClock.Instant) -> Bool { leadsUntil.map { now < $0 } ?? false }
}
