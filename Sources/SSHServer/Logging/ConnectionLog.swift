import Logging

/// Writes the log lines of one connection; all of them carry its number.
struct ConnectionLog {
    let logger: Logger
    let connection: UInt64
    /// nil: the logger's own.
    var level: Logger.Level?
    /// What the lines are taken from; nil if they are few whatever a client does.
    var budget: LineAllowance?

    /// - Parameter facts: what the line says, for readers that are programs; not asked for where the log is for people.
    func log(
        _ level: Logger.Level,
        _ message: @autoclosure () -> Logger.Message,
        _ facts: @autoclosure () -> Logger.Metadata = [:]
    ) {
        // A line that is not written anyway is not left out either.
        guard self.writes(level), self.budget?.permits(level: self.level) ?? true else { return }
        var metadata = (self.logger.handler as? RecordLog)?.showsFacts == false ? [:] : facts()
        metadata[LogRecord.connectionKey] = .stringConvertible(self.connection)
        var logger = self.logger
        if let own = self.level { logger.logLevel = own }
        logger.log(level: level, message(), metadata: metadata)
    }

    func writes(_ level: Logger.Level) -> Bool { self.level ?? self.logger.logLevel <= level }

    func trace(_ message: @autoclosure () -> Logger.Message) { self.log(.trace, message()) }
    func debug(_ message: @autoclosure () -> Logger.Message) { self.log(.debug, message()) }
    func info(_ message: @autoclosure () -> Logger.Message) { self.log(.info, message()) }
    func error(_ message: @autoclosure () -> Logger.Message) { self.log(.error, message()) }
}

/// A part in the lines that may be written about a subject.
struct LineAllowance {
    let budgets: LineBudgets
    let subject: LineSubject

    func permits(level: Logger.Level?, traffic: LineBudgets.Traffic? = nil) -> Bool {
        self.budgets.permits(self.subject, traffic: traffic, level: level, now: .secondsNow)
    }
}
