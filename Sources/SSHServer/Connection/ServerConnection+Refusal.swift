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
        if LineAllowance(budgets: context.lineBudgets, subject: .connections(source: peer.source)).permits(level: nil) {
            context.logger.info("drop connection #\(context.startups.count) \(Self.place(peer, facts)) \(reason)")
        }
        let written = channel.writeAndFlush(context.rules.engine.refusal(Self.notAllowed, because: reason))
        guard context.beginFarewell() else { return written.whenComplete { _ in channel.close(promise: nil) } }
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: Self.farewellTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in context.endFarewell() }
    }

    /// How log lines say from where to where a connection goes.
    static func place(_ peer: PeerName, _ facts: ConnectionFacts) -> String {
        "from [\(peer.address)]:\(peer.port) on [\(facts.localAddress)]:\(facts.localPort)"
    }
}
