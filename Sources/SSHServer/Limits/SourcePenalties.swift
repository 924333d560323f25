import SSHConfiguration
import Synchronization

/// PerSourcePenalties: sources that misbehave are not served for a while.
///
/// Penalties of one source add up. They begin to count when they have reached `min`, and never reach beyond `max`.
final class SourcePenalties: Sendable {
    /// What a source did, as sshd's log lines say it.
    enum Offence: String, Sendable {
        case failedAuthentication = "failed authentication"
        /// Of an account that does not exist, or may not log in.
        case invalidUser = "attempted authentication by invalid user"
        case noAuthentication = "connections without attempting authentication"
        case exceededGrace = "exceeded LoginGraceTime"
        case refused = "refused connection"
        /// Not this source: there are as many penalties as may be, and `overflow:deny-all`.
        case tooMany = "too many penalised sources"
    }

    private struct State {
        var rules: PenaltyRules
        var exempt: HostPatternList?
        var blockSize: NetBlockSize
        var table4 = PenaltyTable()
        var table6 = PenaltyTable()

        init(_ configuration: ServerConfiguration) {
            self.rules = configuration.perSourcePenalties
            self.exempt = configuration.perSourcePenaltyExemptList
            self.blockSize = configuration.perSourceNetBlockSize
        }

        func source(_ address: String) -> IPAddress? {
            guard self.rules.isEnabled, self.exempt?.match(address: address) != .matched else { return nil }
            return IPAddress(address).map { self.blockSize.block(of: $0.normalized) }
        }

        func family(of source: IPAddress) -> (WritableKeyPath<State, PenaltyTable>, PenaltyRules.Family) {
            if source.bitCount == 32 { return (\State.table4, self.rules.family4) }
            return (\State.table6, self.rules.family6)
        }
    }

    private let state: Mutex<State>

    init(_ configuration: ServerConfiguration) {
        self.state = Mutex(State(configuration))
    }

    /// Goes by new rules; penalties stay.
    func update(_ configuration: ServerConfiguration) {
        self.state.withLock { state in
            let old = state
            state = State(configuration)
            guard state.rules.isEnabled else { return }
            (state.table4, state.table6) = (old.table4, old.table6)
        }
    }

    /// Why a connection from there is not served now; nil if it is.
    ///
    /// - Parameter now: seconds on any clock that only goes forward.
    func refusal(of address: String, now: Int) -> Offence? {
        self.state.withLock { state in
            guard let source = state.source(address) else { return nil }
            let (table, family) = state.family(of: source)
            state[keyPath: table].forget(endedBy: now)
            if family.deniesAllOnOverflow, state[keyPath: table].count >= family.maximumSources {
                return .tooMany
            }
            guard let penalty = state[keyPath: table][source], penalty.counts, penalty.end > now else { return nil }
            return penalty.offence
        }
    }

    func punish(_ address: String, for offence: Offence, now: Int) {
        self.state.withLock { state in
            guard let source = state.source(address) else { return }
            let rules = state.rules
            let seconds = rules.seconds(for: offence)
            guard seconds > 0 else { return }
            let (table, family) = state.family(of: source)
            state[keyPath: table].forget(endedBy: now)
            var penalty = state[keyPath: table][source] ?? PenaltyTable.Penalty(end: now, offence: offence)
            penalty.end = min(penalty.end + seconds, now + rules.maximum)
            penalty.offence = offence
            if penalty.end - now >= rules.minimum { penalty.counts = true }
            state[keyPath: table].set(penalty, for: source, limit: family.maximumSources)
        }
    }
}

extension PenaltyRules {
    fileprivate func seconds(for offence: SourcePenalties.Offence) -> Int {
        switch offence {
        case .failedAuthentication: self.authenticationFailed
        case .invalidUser: self.invalidUser
        case .noAuthentication: self.noAuthentication
        case .exceededGrace: self.graceExceeded
        case .refused: self.refused
        case .tooMany: 0
        }
    }
}
