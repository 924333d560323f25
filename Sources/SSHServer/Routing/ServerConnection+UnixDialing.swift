import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -L to a path: direct-streamlocal (OpenSSH's PROTOCOL §2.4).
extension ServerConnection {
    func dial(_ connection: ConnectionHandler, _ channel: ChannelID, path: String) {
        let refuse = { connection.refuse(channel, .resourceShortage, "too many paths at a time") }
        self.withUnixPolicy(connection, orElse: refuse) { policy, account in
            let decision = policy.mayOpen(path: path, for: account)
            guard decision.isPermitted else {
                self.requestLog.info(
                    """
                    Received request from \(self.peer) to connect to path \(path.escapedForLog), \
                    but the request was denied. [\(decision.rule)]
                    """
                )
                return connection.refuse(channel, .administrativelyProhibited, "open failed")
            }
            self.connect(connection, channel, path)
        }
    }

    private func connect(_ connection: ConnectionHandler, _ channel: ChannelID, _ path: String) {
        guard let eventLoop = connection.eventLoop else { return }
        guard let descriptor = self.takeSocket() else {
            return connection.refuse(channel, .resourceShortage, "no socket is left")
        }
        // The path that was judged is the file that is dialled: a link on the way would make it another one.
        Dialer().connect(path: path, .refused, on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error):
                let reason = ErrorText.of(error)
                self.requestLog.debug("\(self.peer): connect to path \(path.escapedForLog) failed: \(reason)")
                connection.refuse(channel, .connectFailed, reason)
            case .success(let socket):
                let audit = TunnelAudit(
                    kind: "direct-streamlocal@openssh.com",
                    from: "\(self.peer)",
                    to: path.escapedForLog
                )
                self.tunnel(connection, audit, descriptor).accept(channel, with: socket)
            }
        }
    }
}
