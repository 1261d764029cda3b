import Testing

@testable import devcluster

@Suite("Cron schedules")
struct CronScheduleTests {
    private static func time(_ text: String) throws -> KubernetesTime { try #require(KubernetesTime(text)) }

    @Test(
        "The next time after 2026-03-10T12:30:00Z, a Tuesday",
        arguments: [
            ("0 2 * * *", "2026-03-11T02:00:00Z"), ("*/15 * * * *", "2026-03-10T12:45:00Z"),
            ("30 12 * * *", "2026-03-11T12:30:00Z"), ("0 0 1 jan *", "2027-01-01T00:00:00Z"),
            ("0 9 * * mon-fri", "2026-03-11T09:00:00Z"), ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("5/20 * * * *", "2026-03-10T12:45:00Z"), ("0 0 13 * 5", "2026-03-13T00:00:00Z"),
            ("0 0 * * 7", "2026-03-15T00:00:00Z"), ("@hourly", "2026-03-10T13:00:00Z"),
            ("@every 90m", "2026-03-10T14:00:00Z"), ("0,31 12 * * *", "2026-03-10T12:31:00Z"),
        ])
    func next(_ schedule: String, _ expected: String) throws {
        let next = try CronSchedule(schedule, timeZone: nil).next(after: Self.time("2026-03-10T12:30:00Z"))
        #expect(next?.description == expected)
    }

    @Test("A time zone moves the schedule, over the change to summer time too")
    func timeZone() throws {
        let schedule = try CronSchedule("0 2 * * *", timeZone: "Europe/Berlin")
        #expect(schedule.next(after: try Self.time("2026-01-10T12:00:00Z"))?.description == "2026-01-11T01:00:00Z")
        #expect(schedule.next(after: try Self.time("2026-07-10T12:00:00Z"))?.description == "2026-07-11T00:00:00Z")
    }

    @Test(
        "What is not a schedule is refused",
        arguments: ["", "* * * *", "61 * * * *", "5-1 * * * *", "*/0 * * * *", "x * * * *"])
    func refused(_ text: String) {
        #expect(throws: CronSchedule.SyntaxError.self) { try CronSchedule(text, timeZone: nil) }
    }

    @Test("An unknown time zone is refused")
    func unknownZone() {
        #expect(throws: CronSchedule.SyntaxError.self) { try CronSchedule("* * * * *", timeZone: "Mars/Base") }
    }

    @Test("The most recent missed time counts what was missed")
    func missed() throws {
        let schedule = try CronSchedule("*/10 * * * *", timeZone: nil)
        let recent = schedule.mostRecent(
            after: try Self.time("2026-03-10T12:00:00Z"), until: try Self.time("2026-03-10T12:35:00Z"))
        #expect(recent?.time.description == "2026-03-10T12:30:00Z")
        #expect(recent?.missed == 3)
        let long = schedule.mostRecent(
            after: try Self.time("2025-03-10T12:00:00Z"), until: try Self.time("2026-03-10T12:35:00Z"))
        #expect(long?.time.description == "2026-03-10T12:30:00Z")
        #expect(
            schedule.mostRecent(
                after: try Self.time("2026-03-10T12:30:00Z"), until: try Self.time("2026-03-10T12:35:00Z")) == nil)
    }
}
