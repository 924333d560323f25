import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// The time before the login: how far the client has come, how long it may take, and when its handshake has its turn.
extension ServerConnection {
    /// A client that has done nothing for so long has stalled. A lost packet is sent again within this time.
    static let moment = TimeAmount.seconds(2)
    /// The same for a client of a source that has few such connections: when a whole fleet comes back, who is slow is not the flood.
    private static let patience = TimeAmount.seconds(10)
    /// A timer that is later than this says that we were busy, not that the client was slow.
    private static let lateness = TimeAmount.milliseconds(250)
    /// How long a connection waits for its turn if its source would not be served at all, were nobody logged in from there.
    private static let penaltyDelay = TimeAmount.seconds(1)

    /// What is kept of a connection until it has logged in.
    struct Startup {
        let source: ClientSource
        let isKnown: Bool
        /// Its source has a penalty.
        let isSlowed: Bool
        /// When the client last did something, or when we last did something that it waited for.
        var lastProgress = NIODeadline.now()
        /// When LoginGraceTime ends; nil for never.
        var graceEnd: NIODeadline?
        /// So much more LoginGraceTime there is at most for what the client waits for our turn.
        var extraGrace: TimeAmount
        /// Since when it waits for its turn.
        var waitsSince: NIODeadline?
        var isStalled = false
        /// When it is looked at again, if not earlier.
        var nextLook = NIODeadline.uptimeNanoseconds(0)
        var timer: Scheduled<Void>?

        init(_ source: ClientSource, isKnown: Bool, isSlowed: Bool, graceTime: Duration?) {
            self.source = source
            self.isKnown = isKnown
            self.isSlowed = isSlowed
            let grace = graceTime.map { TimeAmount($0) }
            self.graceEnd = grace.map { .now() + $0 }
            self.extraGrace = grace ?? .zero
        }

        /// Waiting for us is not the client's fault, up to a bound.
        mutating func extendGrace(now: NIODeadline) {
            guard let graceEnd = self.graceEnd, let since = self.waitsSince else { return }
            let extra = min(max(now - since, .zero), self.extraGrace)
            self.graceEnd = graceEnd + extra
            self.extraGrace = self.extraGrace - extra
            self.waitsSince = now
        }
    }

    // MARK: Progress

    /// Counts the connection among those that have not logged in.
    func count(_ handler: ConnectionHandler) {
        guard let startup = self.startup else { return }
        let beginning = self.context.startups.begin(
            self.id,
            self.peer.address,
            isKnown: startup.isKnown,
            now: .secondsNow,
            chance: { Int.random(in: 0..<100) }
        )
        self.context.logger.write(beginning.lines)
        if beginning.isOnProbation || beginning.victim == self.id { handler.withhold() }
        if let victim = beginning.victim { self.context.makeWay(victim) }
    }

    /// The client has done what was awaited.
    ///
    /// - Parameter stage: how far it has come by that.
    func progressed(to stage: StartupTable.Stage? = nil) {
        guard let startup = self.startup else { return }
        self.startup?.lastProgress = .now()
        guard startup.isStalled || stage != nil else { return }
        self.context.startups.progressed(self.id, to: stage)
        self.startup?.isStalled = false
        if startup.isStalled { self.startStartupTimer() }
    }

    /// Waits until the client may have stalled or LoginGraceTime may be over: one timer looks after both, when it fires.
    func startStartupTimer() {
        guard let startup = self.startup, let eventLoop = self.handler?.eventLoop else { return }
        startup.timer?.cancel()
        let moment = max(startup.lastProgress + Self.moment, startup.nextLook)
        let deadline = min(startup.isStalled ? .distantFuture : moment, startup.graceEnd ?? .distantFuture)
        guard deadline < .distantFuture else { return }
        self.startup?.timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.lookAtStartup(due: deadline)
        }
    }

    private func lookAtStartup(due: NIODeadline) {
        guard let startup = self.startup, let handler = self.handler else { return }
        let now = NIODeadline.now()
        self.startup?.extendGrace(now: now)
        if let graceEnd = self.startup?.graceEnd, graceEnd <= now { return self.endForGraceTime(handler) }
        let waitsForUs = startup.waitsSince != nil || handler.isAwaitingDecision || handler.isAwaitingSignature
        if waitsForUs || now - due > Self.lateness {
            // What the client waits for is with us; what it has said may still be unread.
            self.startup?.lastProgress = now
            if startup.waitsSince == nil { self.context.turns.leave(self.id) }
        } else if !startup.isStalled, now - startup.lastProgress >= Self.moment {
            self.context.turns.leave(self.id)
            let end = startup.lastProgress + Self.patience
            if now < end, self.context.startups.isPatient(with: self.id) {
                self.startup?.nextLook = end
                return self.startStartupTimer()
            }
            self.startup?.isStalled = true
            if let victim = self.context.startups.stalled(self.id) { self.context.makeWay(victim) }
            // Whoever goes: what this one said nothing to, it hears now.
            if self.context.startups.contains(self.id) { self.endWithholding(handler) }
        }
        self.startStartupTimer()
    }

    private func endForGraceTime(_ handler: ConnectionHandler) {
        self.endReason = "LoginGraceTime"
        if handler.isAwaitingSignature {
            self.sourceLog.error("No signature by the host key came for \(self.peer) within LoginGraceTime")
        } else if self.isKeptWaiting {
            self.sourceLog.info("Login of \(self.triedUser) from \(self.peer) was not judged within LoginGraceTime")
        } else {
            self.sourceLog.info("Timeout before authentication for \(self.peer)")
        }
        // Who waits for us has done nothing wrong.
        if !self.isKeptWaiting, self.startup?.waitsSince == nil {
            self.offence = .exceededGrace
            self.context.penalties.punish(self.peer.address, for: .exceededGrace, now: .secondsNow)
        }
        handler.disconnect(.byApplication, "login timed out")
    }

    /// Others need the place more.
    func makeWay() {
        guard self.startup != nil, let handler = self.handler, !handler.hasEnded else { return }
        self.context.logger.write(self.context.startups.dropLines(Self.place(self.peer, self.facts), now: .secondsNow))
        self.endReason = "MaxStartups"
        let reason = "too many connections that have not logged in"
        if handler.isWithheld {
            handler.refuse(self.context.rules.engine.refusal(Self.notAllowed, because: reason))
        } else {
            handler.disconnect(.tooManyConnections, "\(Self.notAllowed): \(reason)", lingers: self.hasIdentified)
        }
    }

    /// The connection does not count as unauthenticated any more.
    func endStartup() {
        guard let startup = self.startup else { return }
        startup.timer?.cancel()
        self.startup = nil
        self.context.turns.leave(self.id)
        self.context.startups.end(self.id)
    }

    /// The relay speaks to the client from now on, if it has not yet.
    func endWithholding(_ handler: ConnectionHandler) {
        guard handler.isWithheld else { return }
        self.logBeginning()
        handler.endWithholding()
    }

    func logBeginning() {
        let local = "\(self.facts.localAddress) port \(self.facts.localPort)"
        self.logger.debug("Connection from \(self.peer) on \(local) rdomain \"\"")
    }

    // MARK: Turns

    /// The client has said that it speaks SSH: what costs us something begins when it has its turn.
    func askForTurn(_ connection: ConnectionHandler) {
        guard let startup = self.startup, let eventLoop = connection.eventLoop else { return }
        if startup.isSlowed, startup.waitsSince == nil {
            self.startup?.waitsSince = .now()
            connection.holdHandshake()
            eventLoop.assumeIsolated().scheduleTask(in: Self.penaltyDelay) { [weak self] in
                guard let self, let handler = self.handler else { return }
                self.askForTurn(handler)
            }
            return
        }
        switch self.context.turns.ask(self.id, of: startup.source, isKnown: startup.isKnown, now: .now()) {
        case .now:
            if startup.waitsSince != nil { self.turnHasCome() }
        case .later(let mustGiveTurns):
            if startup.waitsSince == nil { self.startup?.waitsSince = .now() }
            connection.holdHandshake()
            if mustGiveTurns { self.context.giveTurnsSoon(on: eventLoop) }
        }
    }

    func turnHasCome() {
        guard self.startup != nil else { return }
        let now = NIODeadline.now()
        self.startup?.extendGrace(now: now)
        self.startup?.waitsSince = nil
        self.startup?.lastProgress = now
        self.handler?.resumeHandshake()
    }
}

extension RelayContext {
    /// A connection that has not logged in makes way for others.
    func makeWay(_ id: UInt64) {
        guard let connection = self.connections.connection(id) else { return }
        connection.eventLoop.execute { connection.value.makeWay() }
    }

    fileprivate func giveTurnsSoon(on eventLoop: any EventLoop) {
        eventLoop.scheduleTask(in: .milliseconds(5)) {
            let (turns, goesOn) = self.turns.give(now: .now())
            for id in turns {
                guard let connection = self.connections.connection(id) else { continue }
                connection.eventLoop.execute { connection.value.turnHasCome() }
            }
            if goesOn { self.giveTurnsSoon(on: eventLoop) }
        }
    }
}
