import Logging
import NIOCore
import SSHForwarding
import SSHProtocol

/// Connections that are not served at all.
extension ServerConnection {
    /// What sshd says to whom it does not serve.
    static let notAllowed = "Not allowed at this time"
    /// How long whoever is refused has to read why: a socket that is closed with unread bytes loses what was sent.
    private static let farewellTime = TimeAmount.seconds(1)

    static func refuse(
        _ channel: any Channel,
        _ peer: PeerName,
        _ facts: ConnectionFacts,
        _ context: RelayContext,
        _ reason: String
    ) {
        Self.logDrop(peer, facts, context, reason)
        let written = channel.writeAndFlush(context.rules.engine.refusal(Self.notAllowed, because: reason))
        guard context.beginFarewell() else { return written.whenComplete { _ in channel.close(promise: nil) } }
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: Self.farewellTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in context.endFarewell() }
    }

    /// The same without a word to the client, whose socket goes at once.
    static func drop(
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
        context.logger.info("drop connection #\(context.startups.count) \(Self.place(peer, facts)) \(reason)")
    }

    /// How log lines say from where to where a connection goes.
    static func place(_ peer: PeerName, _ facts: ConnectionFacts) -> String {
        "from [\(peer.address)]:\(peer.port) on [\(facts.localAddress)]:\(facts.localPort)"
    }
}
