import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem

/// Whether a socket that was accepted becomes a connection: not all are served.
enum Admission {
    /// What sshd says to whom it does not serve.
    static let notAllowed = "Not allowed at this time"
    /// How long whoever is refused has to read why: a socket that is closed with unread bytes loses what was sent.
    private static let farewellTime = TimeAmount.seconds(1)

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

    /// Takes over an accepted socket, or drops it if it is not to be served.
    private static func begin(on channel: any Channel, _ addresses: ConnectionAddresses, _ context: RelayContext) throws
    {
        let (peer, rules, limits) = (PeerName(addresses.remote), context.rules, context.limits)
        var facts = ConnectionFacts(
            user: "",
            address: peer.address,
            localAddress: addresses.local?.ipAddress ?? "UNKNOWN",
            localPort: addresses.local?.port ?? 0
        )
        // Without a descriptor to spare, the next file or socket that the process itself needs would fail, and end it.
        guard ResourceBudget.descriptors.used < ResourceBudget.descriptors.limit else {
            return Self.drop(channel, peer, facts, context, "no descriptor is left")
        }
        let source = limits.startups.source(of: peer.address)
        let isKnown = limits.knownSources.contains(source, now: .secondsNow)
        let offence = limits.penalties.refusal(of: peer.address, now: .secondsNow)
        // A source from which somebody is or was logged in has good clients beside the bad ones.
        if let offence, !isKnown { return Self.refuse(channel, peer, facts, context, "penalty: \(offence.rawValue)") }
        // Until a name is known, no rule on names holds, be it for it or against it.
        facts.missing.insert(.user)
        if rules.configuration.useDNS { facts.missing.insert(.host) }
        let settings = rules.configuration.sharedSettings(for: facts).value
        guard !settings.refuseConnection else {
            limits.penalties.punish(peer.address, for: .refused, now: .secondsNow)
            return Self.refuse(channel, peer, facts, context, "RefuseConnection")
        }
        let client = Client(context, peer: peer, source: source, facts: facts)
        let beginning = ConnectionBeginning(
            client,
            isKnown: isKnown,
            isSlowed: offence != nil,
            graceTime: rules.configuration.loginGraceTime
        )
        try Self.serve(channel, client, beginning, EngineConfiguration.server(rules, settings))
    }

    private static func serve(
        _ channel: any Channel,
        _ client: Client,
        _ beginning: ConnectionBeginning,
        _ configuration: EngineConfiguration
    ) throws {
        let (connection, startup) = (ServerConnection(client, beginning), beginning.startup)
        do {
            let handler = try ConnectionHandler(
                configuration: configuration,
                random: SystemRandom.ofThisThread(),
                owner: connection
            )
            client.handler = handler
            client.context.connections.insert(connection, on: channel.eventLoop)
            startup.begin(handler)
            try channel.pipeline.syncOperations.addHandler(handler)
            startup.startTimer()
        } catch {
            startup.end()
            client.handler = nil
            client.context.connections.remove(client.id)
            throw error
        }
        if client.handler?.isWithheld == false { startup.logBeginning() }
    }

    private static func refuse(
        _ channel: any Channel,
        _ peer: PeerName,
        _ facts: ConnectionFacts,
        _ context: RelayContext,
        _ reason: String
    ) {
        Self.logDrop(peer, facts, context, reason)
        let written = channel.writeAndFlush(context.rules.engine.refusal(Self.notAllowed, because: reason))
        guard context.limits.beginFarewell() else { return written.whenComplete { _ in channel.close(promise: nil) } }
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: Self.farewellTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in context.limits.endFarewell() }
    }

    /// The same without a word to the client, whose socket goes at once.
    private static func drop(
        _ channel: any Channel,
        _ peer: PeerName,
        _ facts: ConnectionFacts,
        _ context: RelayContext,
        _ reason: String
    ) {
        Self.logDrop(peer, facts, context, reason)
        channel.close(promise: nil)
    }

    private static func logDrop(
        _ peer: PeerName,
        _ facts: ConnectionFacts,
        _ context: RelayContext,
        _ reason: String
    ) {
        let allowance = LineAllowance(budgets: context.lineBudgets, subject: .connections(source: peer.source))
        guard allowance.permits(level: nil) else { return }
        let count = context.limits.startups.count
        context.logger.info("drop connection #\(count) \(Self.place(peer, facts)) \(reason)")
    }

    /// How log lines say from where to where a connection goes.
    static func place(_ peer: PeerName, _ facts: ConnectionFacts) -> String {
        "from [\(peer.address)]:\(peer.port) on [\(facts.localAddress)]:\(facts.localPort)"
    }
}
