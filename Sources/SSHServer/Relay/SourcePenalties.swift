import Synchronization

/// PerSourcePenalties: sources that misbehave are not served for a while.
///
/// Penalties of one source add up. They begin to count when they have reached `min`, and never reach beyond `max`.
final class SourcePenalties: Sendable {
    /// What a source did, as sshd's log lines say it.
    enum Offence: String, Sendable {
        case failedAuthentication = "failed authentication"
        case noAuthentication = "connections without attempting authentication"
        case exceededGrace = "exceeded LoginGraceTime"
        case refused = "refused connection"
    }

    private struct Penalty {
        /// Seconds on the relay's own clock.
        var end: Int
        var counts: Bool
        var offence: Offence
    }

    private struct State {
        var rules: PenaltyRules
        var exempt: HostPatternList?
        var blockSize: NetBlockSize
        var sources: [IPAddress: Penalty] = [:]

        init(_ configuration: ServerConfiguration) {
            self.rules = configuration.perSourcePenalties
            self.exempt = configuration.perSourcePenaltyExemptList
            self.blockSize = configuration.perSourceNetBlockSize
        }

        func source(_ address: String) -> IPAddress? {
            guard self.rules.isEnabled, self.exempt?.match(address: address) != .matched else { return nil }
            return IPAddress(address).map { self.blockSize.block(of: $0.normalized) }
        }
    }

    private let state: Mutex<State>

    init(_ configuration: ServerConfiguration) {
        self.state = Mutex(State(configuration))
    }

    /// Goes by new rules; penalties stay.
    func update(_ configuration: ServerConfiguration) {
        self.state.withLock { state in
            let sources = state.sources
            state = State(configuration)
            state.sources = state.rules.isEnabled ? sources : [:]
        }
    }

    /// Why a connection from there is not served now; nil if it is.
    ///
    /// - Parameter now: seconds on any clock that only goes forward.
    func refusal(of address: String, now: Int) -> Offence? {
        self.state.withLock { state in
            guard let source = state.source(address), let penalty = state.sources[source] else { return nil }
            guard penalty.end > now else {
                state.sources[source] = nil
                return nil
            }
            return penalty.counts ? penalty.offence : nil
        }
    }

    func punish(_ address: String, for offence: Offence, now: Int) {
        self.state.withLock { state in
            guard let source = state.source(address) else { return }
            let rules = state.rules
            let seconds = rules.seconds(for: offence)
            guard seconds > 0 else { return }
            var penalty = state.sources[source] ?? Penalty(end: now, counts: false, offence: offence)
            if penalty.end <= now { penalty = Penalty(end: now, counts: false, offence: offence) }
            penalty.end = min(penalty.end + seconds, now + rules.maximum)
            penalty.offence = offence
            if penalty.end - now >= rules.minimum { penalty.counts = true }
            if state.sources[source] == nil { Self.makeRoom(&state.sources, for: source, rules, now) }
            state.sources[source] = penalty
        }
    }

    /// As many sources as `max-sources` are remembered; then the one whose penalty ends first is forgotten.
    private static func makeRoom(
        _ sources: inout [IPAddress: Penalty],
        for source: IPAddress,
        _ rules: PenaltyRules,
        _ now: Int
    ) {
        let limit = source.bitCount == 32 ? rules.maximumSources4 : rules.maximumSources6
        guard sources.count >= limit else { return }
        sources = sources.filter { $0.value.end > now }
        let family = sources.filter { $0.key.bitCount == source.bitCount }
        guard family.count >= limit, let first = family.min(by: { $0.value.end < $1.value.end }) else { return }
        sources[first.key] = nil
    }
}

/// The arguments of PerSourcePenalties, in seconds.
public struct PenaltyRules: Hashable, Sendable {
    public var isEnabled = true
    public var crash = 90
    public var authenticationFailed = 5
    public var refused = 10
    public var noAuthentication = 1
    public var graceExceeded = 10
    public var maximum = 600
    public var minimum = 15
    public var maximumSources4 = 65536
    public var maximumSources6 = 65536

    func seconds(for offence: SourcePenalties.Offence) -> Int {
        switch offence {
        case .failedAuthentication: self.authenticationFailed
        case .noAuthentication: self.noAuthentication
        case .exceededGrace: self.graceExceeded
        case .refused: self.refused
        }
    }

    /// As `-T` prints it.
    var text: String {
        guard self.isEnabled else { return "no" }
        return """
            crash:\(self.crash) authfail:\(self.authenticationFailed) noauth:\(self.noAuthentication) \
            grace-exceeded:\(self.graceExceeded) refuseconnection:\(self.refused) max:\(self.maximum) \
            min:\(self.minimum) max-sources4:\(self.maximumSources4) max-sources6:\(self.maximumSources6) \
            overflow:permissive overflow6:permissive
            """
    }
}
