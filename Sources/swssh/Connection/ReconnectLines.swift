import NIOCore
import SSHClient
import SSHWire
import Synchronization

/// Says how forwards that come back are doing: one line when the connection is gone, and one when it is back.
final class ReconnectLines: Sendable {
    private struct State {
        var target: ConfiguredDestination?
        /// What was said last of a try that failed; the same is said once.
        var lastFailure: [String] = []
    }

    private let name: String
    private let log: ClientLog
    private let lines: ConnectionLines
    private let state = Mutex(State())

    init(_ configuration: ClientConfiguration, _ log: ClientLog) {
        self.log = log
        self.lines = ConnectionLines(configuration, log)
        self.name = self.lines.name
    }

    /// Whose failures are told of from now on.
    func use(_ target: ConfiguredDestination) {
        self.state.withLock { $0.target = target }
    }

    func tell(_ event: ReconnectEvent) {
        switch event {
        case .connected(let failures, let outage):
            self.state.withLock { $0.lastFailure = [] }
            let tries = failures == 0 ? "" : failures == 1 ? ", after a try that failed" : ", after \(failures) tries"
            if let outage {
                self.log.info("Connected to \(self.name) again after \(Self.seconds(outage))\(tries).")
            } else if failures > 0 {
                self.log.info("Connected to \(self.name)\(tries).")
            }
        case .disconnected(let error, let wasConnected, let pause):
            self.tellFailure(error, wasConnected, pause)
        case .forwardRefused(let failure, let pause):
            self.log.info("Warning: \(self.failure(failure)): asking again in \(Self.seconds(pause))")
        case .forwardGiven(let forward):
            self.log.info("\(forward.request.option) \(forward.request.specification) stands now.")
        case .allStand:
            self.log.verbose("All forwards stand.")
        case .checking(.networkChanged):
            self.log.debug("The addresses or routes of this machine have changed: is \(self.name) still there?")
        case .checking(.slept):
            self.log.debug("This machine has slept: is \(self.name) still there?")
        }
    }

    /// Nobody waits for this program any more.
    func tell(_ error: any Error) {
        self.log.error(SystemReason.of(error))
    }

    func failure(_ failure: ForwardFailure) -> String {
        self.lines.failure(of: failure.request, failure.cause)
    }

    private func tellFailure(_ error: any Error, _ wasConnected: Bool, _ pause: TimeAmount) {
        let lines = self.words(error)
        let isNew = self.state.withLock { state in
            defer { state.lastFailure = lines }
            return state.lastFailure != lines
        }
        let next = "trying again in \(Self.seconds(pause))"
        guard isNew else { return self.log.debug("The same again; \(next).") }
        for line in lines.dropLast() { self.log.info(line) }
        let last = lines.last ?? ""
        if wasConnected {
            self.log.info("Lost \(self.name): \(last): connecting again.")
        } else {
            self.log.info("\(last): \(next), and at least once a minute.")
        }
    }

    private func words(_ error: any Error) -> [String] {
        var error = error
        if let failure = error as? ConnectionFailure, let target = self.state.withLock({ $0.target }) {
            error = target.failure(failure)
        }
        guard let failure = error as? ClientFailure else { return [SystemReason.of(error)] }
        return failure.explanation + failure.lines.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
    }

    private static func seconds(_ time: TimeAmount) -> String {
        let tenths = (time.nanoseconds + 50_000_000) / 100_000_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) s" : "\(tenths / 10) s"
    }
}
