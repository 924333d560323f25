import Logging
import NIOCore
import SSHConfiguration
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// One client's connection: who it is, and what it may do.
///
/// Everything happens on the connection's event loop.
final class ServerConnection {
    let context: RelayContext
    /// What its log lines are told apart by.
    let id: UInt64
    let peer: PeerName
    /// The name in them may be found while the connection begins.
    var facts: ConnectionFacts
    /// nil when the connection has ended.
    var handler: ConnectionHandler?
    var login: Login?
    private(set) lazy var forwards = self.makeForwards()
    var sessionCount = 0
    var allowsSessions = true
    var triedUserName = ""
    /// What it has others do for it ends with it.
    let asker: FairThreads.Asker
    var wait: Wait?
    /// When the login request came that is being judged.
    var requestArrival: NIODeadline?
    var triedAccount = TriedAccountState.unasked
    /// Keys that have signed, while more are asked for.
    var earlierClaims: [EarlierClaim] = []
    /// How often a request was judged on the event loop.
    var judgedAtOnce = 0
    /// The peer has said that it speaks SSH.
    var hasIdentified = false
    var hasFailed = false
    /// What its source has to answer for when it ends without having logged in.
    var offence = SourcePenalties.Offence.noAuthentication
    /// Why we ended the connection, if we did: for the tunnels' last lines.
    var endReason: String?
    /// Another connection wants what this one listens on: it is asked whether it is still there.
    var lifeQuestion: LifeQuestion?
    var lifeWaiters: [LifeWaiter] = []
    /// Requests of its own that wait for other connections' signs of life.
    var claimCount = 0
    var lifeTimer: Scheduled<Void>?
    var channels: [ObjectIdentifier: RunningChannel] = [:]
    /// What its tunnels are held to, each shared with other connections of the account or the key.
    var rateLimiters: [RateLimiter] = []
    /// Its socket, and those of its tunnels and listeners, which count for the account from the login on.
    let descriptors = ResourceShare(ResourceBudget.descriptors.account(named: ""))
    /// How often the system is being asked about the account, for paths that ask for it.
    var accountQuestions = 0
    /// Where a Match block says it.
    var logLevel: Logger.Level?
    /// UseDNS: the client's name is being looked up.
    var nameRequest: ClientNameRequest?
    /// How often the client asked for a proof of our host keys.
    var proofCount = 0
    /// ChannelTimeout global=, and UnusedConnectionTimeout.
    var globalTimer: Scheduled<Void>?
    var unusedTimer: Scheduled<Void>?
    var record = ConnectionRecord()
    /// nil when it has logged in.
    var startup: Startup?
    let source: ClientSource

    /// Who logged in, by which claim, and what was granted.
    struct Login {
        let claim: LoginClaim
        /// Keys that signed before, where several are asked for.
        let earlier: [EarlierClaim]
        var grant: LoginGrant
        /// The key's, as it is written into the log with each tunnel.
        let fingerprint: String

        init(claim: LoginClaim, after earlier: [EarlierClaim], grant: LoginGrant) {
            self.claim = claim
            self.earlier = earlier
            self.grant = grant
            self.fingerprint = claim.key.fingerprint
        }

        var user: String { self.claim.user }
        var description: String { self.claim.description(fingerprint: self.fingerprint) }
    }

    var logger: ConnectionLog {
        ConnectionLog(logger: self.context.logger, connection: self.id, level: self.logLevel)
    }

    /// For lines that a client's requests cause, on all connections of its account: it can make more of them than anybody can
    /// read.
    var requestLog: ConnectionLog {
        guard let login = self.login else { return self.sourceLog }
        return self.log(sharing: .requests(account: login.user.escapedForLog))
    }

    /// For lines that connections cause by coming and going.
    var sourceLog: ConnectionLog {
        guard let login = self.login else { return self.log(sharing: .connections(source: self.peer.source)) }
        return self.log(sharing: .logins(account: login.user.escapedForLog, source: self.peer.source))
    }

    func log(sharing subject: LineSubject) -> ConnectionLog {
        var log = self.logger
        log.budget = LineAllowance(budgets: self.context.lineBudgets, subject: subject)
        return log
    }

    /// What the login may do now; nil before it.
    var policy: ForwardingPolicy? {
        self.login.map { login in
            let rules = self.context.rules
            return ForwardingPolicy(
                settings: login.grant.sharedSettings,
                key: login.grant.key,
                addressFamily: rules.configuration.addressFamily,
                ruled: login.grant.ruled,
                controlSocket: rules.controlSocket
            )
        }
    }

    private init(_ context: RelayContext, _ startup: Startup, peer: PeerName, facts: ConnectionFacts) {
        self.context = context
        self.id = context.nextConnectionNumber()
        self.startup = startup
        self.source = startup.source
        self.peer = peer
        self.facts = facts
        self.asker = FairThreads.Asker(address: peer.address)
        // Its own socket, which is nobody's until somebody logs in.
        self.descriptors.charge(1)
    }

    /// Takes over an accepted socket, or drops it if it is not to be served.
    static func begin(on channel: any Channel, _ addresses: ConnectionAddresses, _ context: RelayContext) throws {
        let peer = PeerName(addresses.remote)
        let rules = context.rules
        var facts = ConnectionFacts(
            user: "",
            address: peer.address,
            localAddress: addresses.local?.ipAddress ?? "UNKNOWN",
            localPort: addresses.local?.port ?? 0
        )
        // Without a descriptor to spare, the next file or socket that the process itself needs would fail, and end it.
        guard ResourceBudget.descriptors.used < ResourceBudget.descriptors.limit else {
            Self.drop(channel, peer, facts, context, "no descriptor is left")
            return
        }
        let source = context.startups.source(of: peer.address)
        let isKnown = context.knownSources.contains(source, now: .secondsNow)
        let offence = context.penalties.refusal(of: peer.address, now: .secondsNow)
        // A source from which somebody is or was logged in has good clients beside the bad ones.
        if let offence, !isKnown { return Self.refuse(channel, peer, facts, context, "penalty: \(offence.rawValue)") }
        // Until a name is known, no rule on names holds, be it for it or against it.
        facts.missing.insert(.user)
        if rules.configuration.useDNS { facts.missing.insert(.host) }
        let settings = rules.configuration.sharedSettings(for: facts).value
        guard !settings.refuseConnection else {
            context.penalties.punish(peer.address, for: .refused, now: .secondsNow)
            return Self.refuse(channel, peer, facts, context, "RefuseConnection")
        }
        let startup = Startup(
            source,
            isKnown: isKnown,
            isSlowed: offence != nil,
            graceTime: rules.configuration.loginGraceTime
        )
        let connection = ServerConnection(context, startup, peer: peer, facts: facts)
        do {
            let configuration = EngineConfiguration.server(rules, settings)
            let handler = try ConnectionHandler(
                configuration: configuration,
                random: SystemRandom.ofThisThread(),
                owner: connection
            )
            connection.handler = handler
            context.connections.insert(connection, on: channel.eventLoop)
            connection.count(handler)
            try channel.pipeline.syncOperations.addHandler(handler)
            connection.startStartupTimer()
        } catch {
            connection.endStartup()
            connection.handler = nil
            context.connections.remove(connection.id)
            throw error
        }
        if connection.handler?.isWithheld == false { connection.logBeginning() }
    }

    /// Takes over an accepted socket when it is known who connects.
    static func begin(on channel: any Channel, _ context: RelayContext) throws {
        try ConnectionAddresses.find(of: channel, proxies: context.rules.configuration.proxyProtocolFrom) { result in
            do {
                try Self.begin(on: channel, try result.get(), context)
            } catch {
                context.logger.info("Connection closed by \(PeerName(channel.remoteAddress)): \(ErrorText.of(error))")
                channel.close(promise: nil)
            }
        }
    }
}

/// How log lines name the other side: `192.0.2.7 port 51234`.
struct PeerName: CustomStringConvertible, Sendable {
    let address: String
    let port: Int

    /// What counts as one source with this address: all that an ordinary IPv6 customer has.
    var source: String {
        guard self.address.contains(":"), let address = IPAddress(self.address) else { return self.address }
        return "\(address.masked(to: 64).text)/64"
    }

    init(_ address: SocketAddress?) {
        let text = address?.ipAddress ?? "UNKNOWN"
        self.address = text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        self.port = address?.port ?? 65535
    }

    var description: String { "\(self.address) port \(self.port)" }
}

extension Int {
    /// Seconds on a clock that only goes forward.
    static var secondsNow: Int { Int(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000_000) }
}
