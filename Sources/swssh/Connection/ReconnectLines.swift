import NIOCore
import SSHClient
import SSHWire
import Synchronization

/// Says how forwards that come back are doing: one line when the connection is gone, and one when it is back.
final class ReconnectLines: Sendable {
    private struct State {
        var relays: ConfiguredRelays?
        /// What was said last of a try that failed, relay by relay; the same is said once.
        var lastFailure: [String: [String]] = [:]
    }

    private let name: String
    private let log: ClientLog
    private let lines: ConnectionLines
    private let mode: RelayMode
    private let state = Mutex(State())

    init(_ configuration: ClientConfiguration, _ log: ClientLog) {
        self.log = log
        self.mode = configuration.relayMode
        self.lines = ConnectionLines(configuration, log)
        self.name = self.lines.name
    }

    /// Whose failures are told of from now on.
    func use(_ relays: ConfiguredRelays) {
        self.state.withLock { $0.relays = relays }
    }

    /// - Parameter relay: which of the servers it is about.
    func tell(_ event: ReconnectEvent, _ relay: String?) {
        let name = relay ?? self.name
        switch event {
        case .connected(let failures, let outage):
            self.state.withLock { $0.lastFailure = [:] }
            let tries = failures == 0 ? "" : failures == 1 ? ", after a try that failed" : ", after \(failures) tries"
            if let outage {
                self.log.info("Connected to \(name) again after \(Self.seconds(outage))\(tries).")
            } else if failures > 0 {
                self.log.info("Connected to \(name)\(tries).")
            }
        case .disconnected(let error, let wasConnected, let pause):
            self.tellFailure(error, name, wasConnected, pause)
        case .forwardRefused(let failure, let pause):
            self.log.info("Warning: \(self.failure(failure, name)): asking again in \(Self.seconds(pause))")
        case .forwardGiven(_, afterRefusal: false): break
        case .forwardGiven(let forward, afterRefusal: true):
            self.log.info("\(forward.request.option) \(forward.request.specification) stands now.")
        case .allStand:
            self.log.verbose("All forwards stand at \(name).")
        case .checking(.networkChanged):
            self.log.debug("The addresses or routes of this machine have changed: is \(name) still there?")
        case .checking(.slept):
            self.log.debug("This machine has slept: is \(name) still there?")
        }
    }

    /// Nobody waits for this program any more.
    func tell(_ error: any Error) {
        self.log.error(SystemReason.of(error))
    }

    func failure(_ failure: ForwardFailure, _ relay: String? = nil) -> String {
        self.lines.failure(of: failure.request, failure.cause, at: relay)
    }

    private func tellFailure(_ error: any Error, _ name: String, _ wasConnected: Bool, _ pause: TimeAmount) {
        let lines = self.words(error)
        let isNew = self.state.withLock { state in
            defer { state.lastFailure[name] = lines }
            return state.lastFailure[name] != lines
        }
        let hasOthers = self.state.withLock { $0.relays?.targets.count ?? 1 } > 1 && self.mode == .failover
        let next = hasOthers ? "trying the next host" : "trying again in \(Self.seconds(pause))"
        guard isNew else { return self.log.debug("The same again; \(next).") }
        for line in lines.dropLast() { self.log.info(line) }
        let last = lines.last ?? ""
        if wasConnected {
            self.log.info("Lost \(name): \(last): connecting again.")
        } else {
            self.log.info("\(last): \(next), and at least once a minute.")
        }
    }

    /// One line, without the final period.
    func cause(_ error: any Error, _ relay: String?) -> String {
        if let failure = error as? ForwardFailure { return self.failure(failure, relay) }
        return self.words(error).last ?? ""
    }

    private func words(_ error: any Error) -> [String] {
        var error = error
        if let failure = error as? ConnectionFailure, let relays = self.state.withLock({ $0.relays }) {
            error = relays.failure(failure)
        }
        guard let failure = error as? ClientFailure else { return [SystemReason.of(error)] }
        return failure.explanation + failure.lines.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
    }

    private static func seconds(_ time: TimeAmount) -> String {
        let tenths = (time.nanoseconds + 50_000_000) / 100_000_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) s" : "\(tenths / 10) s"
    }
}
