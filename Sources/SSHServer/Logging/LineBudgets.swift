import Logging
import SSHForwarding
import Synchronization

/// The budgets of log lines, each shared by all connections of an account or a source: nobody fills the log by opening more
/// connections. What is left out is counted, and tunnels are added up; a line says so from time to time.
final class LineBudgets: Sendable {
    /// So many are told apart; beyond, they share one budget.
    private static let mostSubjects = 16384

    /// What a line about a tunnel says, in numbers.
    struct Traffic: Hashable, Sendable {
        var sent: UInt64
        var received: UInt64
    }

    private struct Entry {
        var budget: LineBudget
        var traffic = Traffic(sent: 0, received: 0)
        var isOmitting = false
        /// When the first of those that are left out came.
        var began: Int
        /// The level that the last one's connection logs at, where that is not the relay's.
        var level: Logger.Level?

        mutating func add(_ traffic: Traffic) {
            self.traffic.sent &+= traffic.sent
            self.traffic.received &+= traffic.received
        }

        mutating func takeReport(about subject: LineSubject, now: Int, age: Int) -> Report? {
            guard self.isOmitting, now - self.began >= age else { return nil }
            defer {
                self.isOmitting = false
                self.traffic = Traffic(sent: 0, received: 0)
            }
            return Report(
                subject: subject,
                count: self.budget.takeOmitted(),
                traffic: self.traffic,
                seconds: max(now - self.began, 0),
                level: self.level
            )
        }
    }

    /// What the log does not have of a subject.
    struct Report: Hashable {
        let subject: LineSubject
        let count: Int
        let traffic: Traffic
        /// For how long it was left out.
        let seconds: Int
        let level: Logger.Level?

        func write(to logger: Logger) {
            var logger = logger
            if let level = self.level { logger.logLevel = level }
            guard case .tunnels(let account) = self.subject else {
                logger.info("\(self.subject.text(self.count))")
                return
            }
            logger.info(
                """
                \(self.subject.text(self.count)) within \(self.seconds) s: \(self.traffic.sent) bytes from the client, \
                \(self.traffic.received) bytes to it
                """,
                metadata: [
                    "event": "tunnels", "account": .string(account), "tunnels": .stringConvertible(self.count),
                    "sent": .stringConvertible(self.traffic.sent),
                    "received": .stringConvertible(self.traffic.received),
                    "seconds": .stringConvertible(self.seconds),
                ]
            )
        }
    }

    private let entries = Mutex<[LineSubject: Entry]>([:])

    /// - Parameters:
    ///   - traffic: of the tunnel that the line is about.
    ///   - level: what the connection logs at, if not what the relay does.
    ///   - now: seconds on a clock that only goes forward.
    /// - Returns: whether a line may be written; if not, it is counted, and a report follows.
    func permits(_ subject: LineSubject, traffic: Traffic? = nil, level: Logger.Level? = nil, now: Int) -> Bool {
        self.entries.withLock { entries in
            let subject = entries[subject] == nil && entries.count >= Self.mostSubjects ? .others : subject
            let (atOnce, perSecond) = subject.budget
            var entry =
                entries[subject]
                ?? Entry(budget: LineBudget(now: now, atOnce: atOnce, perSecond: perSecond), began: now)
            let isPermitted = entry.budget.take(now: now)
            if !isPermitted {
                if !entry.isOmitting { entry.began = now }
                entry.isOmitting = true
                entry.level = level
                if let traffic { entry.add(traffic) }
            }
            entries[subject] = entry
            return isPermitted
        }
    }

    /// What has been left out since the last report. Whoever has caused no lines for a while is forgotten.
    ///
    /// - Parameter age: for how many seconds lines of a subject must have been left out before it is reported, so that one line
    ///   tells of a whole flood.
    func takeReports(now: Int, age: Int) -> [Report] {
        self.entries.withLock { entries in
            var reports: [Report] = []
            for subject in Array(entries.keys) {
                guard var entry = entries[subject] else { continue }
                if let report = entry.takeReport(about: subject, now: now, age: age) { reports.append(report) }
                entries[subject] = entry.budget.isFull(now: now) ? nil : entry
            }
            return reports
        }
    }

    var count: Int { self.entries.withLock { $0.count } }
}
