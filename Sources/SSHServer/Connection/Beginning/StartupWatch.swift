import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// The time before the login: how far the client has come, how long it may take, and when its handshake has its turn.
final class StartupWatch {
    /// A client that has done nothing for so long has stalled. A lost packet is sent again within this time.
    private static let moment = TimeAmount.seconds(2)
    /// The same for a client of a source that has few such connections: when a whole fleet comes back, who is slow is not the flood.
    private static let patience = TimeAmount.seconds(10)
    /// A timer that is later than this says that we were busy, not that the client was slow.
    private static let lateness = TimeAmount.milliseconds(250)
    /// How long a connection waits for its turn if its source would not be served at all, were nobody logged in from there.
    private static let penaltyDelay = TimeAmount.seconds(1)

    /// How the client's source stands with us.
    struct Standing {
        /// Somebody from there is logged in, or was lately.
        let isKnown: Bool
        /// It has a penalty.
        let isSlowed: Bool
    }

    private let client: Client
    private let tried: TriedAccountInquiry
    private let work: AwaitedWork
    private let standing: Standing
    private var grace: GraceTime
    /// When the client last did something, or when we last did something that it waited for.
    private var lastProgress = NIODeadline.now()
    /// Since when it waits for its turn.
    private var waitsSince: NIODeadline?
    private var isStalled = false
    /// When it is looked at again, if not earlier.
    private var nextLook = NIODeadline.uptimeNanoseconds(0)
    private var timer: Scheduled<Void>?
    /// The client has said that it speaks SSH.
    private(set) var hasIdentified = false
    /// Somebody has logged in, or the connection has ended.
    private var isOver = false

    init(
        _ client: Client,
        _ tried: TriedAccountInquiry,
        _ work: AwaitedWork,
        _ standing: Standing,
        graceTime: Duration?
    ) {
        self.client = client
        self.tried = tried
        self.work = work
        self.standing = standing
        self.grace = GraceTime(graceTime, now: .now())
    }

    private var limits: AdmissionLimits { self.client.context.limits }

    // MARK: Progress

    /// Counts the connection among those that have not logged in.
    func begin(_ handler: ConnectionHandler) {
        let (id, context) = (self.client.id, self.client.context)
        let beginning = self.limits.startups.begin(
            id,
            self.client.peer.address,
            isKnown: self.standing.isKnown,
            now: .secondsNow,
            chance: { Int.random(in: 0..<100) }
        )
        context.logger.write(beginning.lines)
        if beginning.isOnProbation || beginning.victim == id { handler.withhold() }
        if let victim = beginning.victim { context.connections.makeWay(victim) }
    }

    /// The client has said that it speaks SSH.
    func identified() {
        self.hasIdentified = true
        self.progressed(to: .identified)
        if let handler = self.client.handler { self.endWithholding(handler) }
    }

    /// The client has done what was awaited.
    ///
    /// - Parameter stage: how far it has come by that.
    func progressed(to stage: StartupTable.Stage? = nil) {
        guard !self.isOver else { return }
        self.lastProgress = .now()
        guard self.isStalled || stage != nil else { return }
        self.limits.startups.progressed(self.client.id, to: stage)
        guard self.isStalled else { return }
        self.isStalled = false
        self.startTimer()
    }

    /// Waits until the client may have stalled or LoginGraceTime may be over: one timer looks after both, when it fires.
    func startTimer() {
        guard !self.isOver, let eventLoop = self.client.eventLoop else { return }
        self.timer?.cancel()
        let moment = max(self.lastProgress + Self.moment, self.nextLook)
        let deadline = min(self.isStalled ? .distantFuture : moment, self.grace.end ?? .distantFuture)
        guard deadline < .distantFuture else { return }
        self.timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.look(due: deadline)
        }
    }

    private func look(due: NIODeadline) {
        guard !self.isOver, let handler = self.client.handler else { return }
        let (id, now) = (self.client.id, NIODeadline.now())
        self.extendGrace(now: now)
        if let graceEnd = self.grace.end, graceEnd <= now { return self.endForGraceTime(handler) }
        let waitsForUs = self.waitsSince != nil || handler.isAwaitingDecision || handler.isAwaitingSignature
        if waitsForUs || now - due > Self.lateness {
            // What the client waits for is with us; what it has said may still be unread.
            self.lastProgress = now
            if self.waitsSince == nil { self.limits.turns.leave(id) }
        } else if !self.isStalled, now - self.lastProgress >= Self.moment {
            self.limits.turns.leave(id)
            let end = self.lastProgress + Self.patience
            if now < end, self.limits.startups.isPatient(with: id) {
                self.nextLook = end
                return self.startTimer()
            }
            self.isStalled = true
            if let victim = self.limits.startups.stalled(id) { self.client.context.connections.makeWay(victim) }
            // Whoever goes: what this one said nothing to, it hears now.
            if self.limits.startups.contains(id) { self.endWithholding(handler) }
        }
        self.startTimer()
    }

    private func endForGraceTime(_ handler: ConnectionHandler) {
        let (peer, log) = (self.client.peer, self.client.sourceLog)
        self.client.endReason = "LoginGraceTime"
        if handler.isAwaitingSignature {
            log.error("No signature by the host key came for \(peer) within LoginGraceTime")
        } else if self.work.isKeptWaiting {
            log.info("Login of \(self.tried.userInLog) from \(peer) was not judged within LoginGraceTime")
        } else {
            log.info("Timeout before authentication for \(peer)")
        }
        // Who waits for us has done nothing wrong.
        if !self.work.isKeptWaiting, self.waitsSince == nil {
            self.limits.penalties.punish(peer.address, for: .exceededGrace, now: .secondsNow)
        }
        handler.disconnect(.byApplication, "login timed out")
    }

    /// Others need the place more.
    func makeWay() {
        guard !self.isOver, let handler = self.client.handler, !handler.hasEnded else { return }
        let context = self.client.context
        let place = Admission.place(self.client.peer, self.client.facts)
        context.logger.write(self.limits.startups.dropLines(place, now: .secondsNow))
        self.client.endReason = "MaxStartups"
        let reason = "too many connections that have not logged in"
        if handler.isWithheld {
            handler.refuse(context.rules.engine.refusal(Admission.notAllowed, because: reason))
        } else {
            handler.disconnect(.tooManyConnections, "\(Admission.notAllowed): \(reason)", lingers: self.hasIdentified)
        }
    }

    /// The connection does not count as unauthenticated any more.
    func end() {
        guard !self.isOver else { return }
        self.isOver = true
        self.timer?.cancel()
        self.timer = nil
        self.limits.turns.leave(self.client.id)
        self.limits.startups.end(self.client.id)
    }

    /// The relay speaks to the client from now on, if it has not yet.
    private func endWithholding(_ handler: ConnectionHandler) {
        guard handler.isWithheld else { return }
        self.logBeginning()
        handler.endWithholding()
    }

    func logBeginning() {
        let facts = self.client.facts
        let local = "\(facts.localAddress) port \(facts.localPort)"
        self.client.logger.debug("Connection from \(self.client.peer) on \(local) rdomain \"\"")
    }

    // MARK: Turns

    /// The client has said that it speaks SSH: what costs us something begins when it has its turn.
    func askForTurn(_ connection: ConnectionHandler) {
        guard !self.isOver, let eventLoop = connection.eventLoop else { return }
        if self.standing.isSlowed, self.waitsSince == nil {
            self.waitsSince = .now()
            connection.holdHandshake()
            eventLoop.assumeIsolated().scheduleTask(in: Self.penaltyDelay) { [weak self] in
                guard let self, let handler = self.client.handler else { return }
                self.askForTurn(handler)
            }
            return
        }
        let (id, source) = (self.client.id, self.client.source)
        switch self.limits.turns.ask(id, of: source, isKnown: self.standing.isKnown, now: .now()) {
        case .now:
            if self.waitsSince != nil { self.turnHasCome() }
        case .later(let mustGiveTurns):
            if self.waitsSince == nil { self.waitsSince = .now() }
            connection.holdHandshake()
            if mustGiveTurns { self.client.context.giveTurnsSoon(on: eventLoop) }
        }
    }

    func turnHasCome() {
        guard !self.isOver else { return }
        let now = NIODeadline.now()
        self.extendGrace(now: now)
        self.waitsSince = nil
        self.lastProgress = now
        self.client.handler?.resumeHandshake()
    }

    /// Waiting for us is not the client's fault.
    private func extendGrace(now: NIODeadline) {
        guard let since = self.waitsSince else { return }
        self.grace.extend(since: since, now: now)
        if self.grace.end != nil { self.waitsSince = now }
    }
}

extension RelayContext {
    fileprivate func giveTurnsSoon(on eventLoop: any EventLoop) {
        eventLoop.scheduleTask(in: .milliseconds(5)) {
            let (turns, goesOn) = self.limits.turns.give(now: .now())
            for id in turns { self.connections.giveTurn(id) }
            if goesOn { self.giveTurnsSoon(on: eventLoop) }
        }
    }
}
