/// Time since some fixed moment, from a clock that only goes forward.
struct ElapsedTime: Sendable {
    let now: @Sendable () -> Duration

    init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }

    /// The system's.
    static let system = ElapsedTime(ContinuousClock())
}
