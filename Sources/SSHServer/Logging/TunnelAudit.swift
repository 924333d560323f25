import Logging
import NIOCore
import SSHForwarding
import SSHSystem

/// The line that says, when a tunnel has ended, whose it was, from where to where it went, how much went through, how
/// long it lived, and why it ended. Beyond some tens a second, an account's tunnels are added up instead.
struct TunnelAudit {
    /// As RFC 4254 §7.2 names it: `direct-tcpip` for the client's -L, `forwarded-tcpip` for its -R.
    let kind: String
    let from: String
    let to: String
    private let began = NIODeadline.now()

    init(kind: String, from: String, to: String) {
        self.kind = kind
        self.from = from
        self.to = to
    }

    /// - Parameters:
    ///   - key: the fingerprint of the key that logged in.
    ///   - lines: what the account's lines about tunnels are taken from.
    ///   - connectionEnd: why the connection has ended, if it has.
    func write(
        _ tunnel: Tunnel,
        account: String,
        key: String,
        to log: ConnectionLog,
        _ lines: LineAllowance,
        connectionEnd: @autoclosure () -> String?
    ) {
        // Seen from the client: what it sent and what it got.
        let (sent, received) = (tunnel.bytesReceived, tunnel.bytesSent)
        guard log.writes(.info),
            lines.permits(level: log.level, traffic: LineBudgets.Traffic(sent: sent, received: received))
        else { return }
        let milliseconds = (NIODeadline.now() - self.began).nanoseconds / 1_000_000
        let seconds = "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
        let reason = self.reason(tunnel, connectionEnd()).escapedForLog
        log.log(
            .info,
            """
            Tunnel \(self.kind) of user \(account) \(key) from \(self.from) to \(self.to) ended after \(seconds) s: \
            \(sent) bytes from the client, \(received) bytes to it: \(reason)
            """,
            [
                "event": "tunnel", "kind": .string(self.kind), "account": .string(account), "key": .string(key),
                "from": .string(self.from), "to": .string(self.to), "sent": .stringConvertible(sent),
                "received": .stringConvertible(received), "seconds": .stringConvertible(Double(milliseconds) / 1000),
                "reason": .string(reason),
            ]
        )
    }

    private func reason(_ tunnel: Tunnel, _ connectionEnd: String?) -> String {
        if let refusal = tunnel.refusal { return "the client refused it: \(refusal.message)" }
        return connectionEnd ?? tunnel.ending.description
    }
}
