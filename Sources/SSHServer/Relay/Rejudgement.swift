import Glibc
import NIOCore
import SSHForwarding
import SSHSystem
import SSHWire
import Synchronization

/// Live revocation: logins are judged again when the files that they rest on change, when they expire, and when the
/// configuration is read again.
final class Rejudgement: Sendable {
    let context: RelayContext
    /// Connections about which a command is being asked again.
    let askedAbout = Mutex<Set<UInt64>>([])
    /// Connections that could not be judged again when they should have been.
    private let unclear = Mutex<Set<UInt64>>([])
    /// It waits for no login.
    private let thread = SteadyThread()

    init(_ context: RelayContext) {
        self.context = context
    }

    /// Looks at the watched files and the clock, and judges again who is affected.
    func lookForChanges() async {
        let (watch, connections) = (self.context.logins.watch, self.context.connections)
        let (paths, mounts) = (watch.paths, MountTable.current)
        let states = await self.thread.map(paths, place: mounts.place) { FileState(of: $0) }
        let changes = watch.changes(zip(paths, states).compactMap { path, state in state.map { (path, $0) } })
        let later = self.unclear.withLock { unclear in
            defer { unclear = [] }
            return unclear
        }
        let affected =
            connections.affected(by: changes, at: UInt64(clamping: time(nil)))
            + later.compactMap(connections.connection)
        if !affected.isEmpty { await self.judgeAgain(affected) }
    }

    /// Judges logins by the rules and files as they are now. Who may not log in any more is disconnected.
    ///
    /// - Parameter asksCommands: a line that came from a command has to come from it again; else what it said still holds. That
    ///   may take long, and goes on when this has returned.
    func judgeAgain(_ connections: [NIOLoopBound<ServerConnection>], asksCommands: Bool = false) async {
        let standings = await connections.onEventLoops { $0.standing(asksCommands: asksCommands) }.compactMap(\.self)
        let rules = self.context.rules
        let waiting = await self.judge(standings, by: rules)
        self.startAsking(waiting, by: rules, evenIfAsked: asksCommands)
    }

    /// - Returns: those about whom a command has to be asked first.
    func judge(_ standings: [Standing], by rules: RelayRules) async -> [Judged] {
        guard !standings.isEmpty else { return [] }
        let files = self.context.accountFiles()
        let judged = await self.thread.map(standings, place: { "account \($0.claim.user)" }) { standing in
            Judged(standing, by: rules.configuration, rules.policy, files, isStanding: true)
        }
        let decisions = Dictionary(
            judged.compactMap(\.self).map { ($0.standing.connection, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        _ = await decisions.keys.compactMap(self.context.connections.connection).onEventLoops { connection in
            if let judged = decisions[connection.id] { connection.abide(by: judged, of: rules) }
        }
        // Where it hangs, nothing is known either.
        let unclear = standings.map(\.connection).filter { decisions[$0]?.isUnclear ?? true }
        self.unclear.withLock { $0.formUnion(unclear) }
        self.context.tellOnce(
            unclear.isEmpty
                ? nil : "Files cannot be read now: connections stay as they are, and are judged again later.",
            about: "unclear"
        )
        return decisions.values.filter { $0.awaited != nil }
    }
}
