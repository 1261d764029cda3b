import Logging
import NIOPosix
import Observability
import ServiceLifecycle

/// Sends mails one after the other on a thread of its own; a request never waits for one.
final class Mailer: Service {
    /// Mails that wait, those that are tried again included; each is a few lines.
    private static let queueLimit = 1_000
    private static let maximumAttempts = 6
    /// The wait before the second attempt; it doubles with each.
    private let firstBackoff: Duration

    private struct Job: Sendable {
        let message: MailMessage
        var attempts = 0
    }

    private let settings: MailSettings
    private let logger: Logger
    private let sent: PrometheusCounter
    private let failed: PrometheusCounter
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init(
        settings: MailSettings, registry: PrometheusRegistry, logger: Logger, firstBackoff: Duration = .seconds(2)
    ) {
        self.settings = settings
        self.logger = logger
        self.firstBackoff = firstBackoff
        sent = registry.counter("mails_total", help: "Mails by outcome.", labels: [("outcome", "sent")])
        failed = registry.counter("mails_total", help: "Mails by outcome.", labels: [("outcome", "failed")])
        (jobs, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueLimit))
    }

    /// Puts a mail into the queue. What becomes of it, the log and the metrics say.
    func send(_ message: MailMessage) {
        put(Job(message: message))
    }

    func run() async throws {
        thread.start()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { retries in
                for await job in jobs { await attempt(job, &retries) }
            }
        } onGracefulShutdown: { [queue] in
            // What waits is still sent; what would have to be tried again is not.
            queue.finish()
        }
        try await thread.shutdownGracefully()
    }

    private func attempt(_ job: Job, _ retries: inout DiscardingTaskGroup) async {
        var job = job
        job.attempts += 1
        do {
            let message = job.message
            let text = message.formatted(from: settings.from, at: .now)
            try await thread.runIfActive { [settings] in
                try SMTPTransfer.send(
                    text, from: settings.from.description, to: message.to.description, through: settings)
            }
            sent.increment()
        } catch {
            guard (error as? SMTPError)?.isTransient ?? false, job.attempts < Self.maximumAttempts else {
                failed.increment()
                logger.error(
                    "a mail could not be sent",
                    metadata: ["subject": "\(job.message.subject)", "attempts": "\(job.attempts)", "error": "\(error)"])
                return
            }
            logger.warning(
                "a mail could not be sent yet", metadata: ["attempts": "\(job.attempts)", "error": "\(error)"])
            let backoff = firstBackoff * (1 << (job.attempts - 1))
            retries.addTask { [self, job] in
                await cancelWhenGracefulShutdown {
                    // Cancelled: it is put back at once, and given up.
                    try? await Task.sleep(for: backoff * Double.random(in: 0.5...1))
                }
                put(job)
            }
        }
    }

    private func put(_ job: Job) {
        guard case .enqueued = queue.yield(job) else {
            failed.increment()
            logger.error(
                "a mail was given up: too many wait, or the service ends",
                metadata: ["subject": "\(job.message.subject)"])
            return
        }
    }
}
