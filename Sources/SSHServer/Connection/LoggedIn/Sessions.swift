import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// How many sessions a connection has, and whether it may have more.
struct Sessions {
    private(set) var count = 0
    /// No once the client has said that it wants no more of them.
    var areAllowed = true

    /// - Parameter limit: MaxSessions.
    /// - Returns: false if there may be no further session; else `end` must follow.
    mutating func begin(limit: Int) -> Bool {
        guard self.areAllowed, self.count < limit else { return false }
        self.count += 1
        return true
    }

    mutating func end() {
        self.count -= 1
    }
}

extension LoggedInConnection {
    func openSession(_ channel: ChannelID, on connection: ConnectionHandler) {
        let grant = self.login.grant
        guard self.sessions.begin(limit: grant.settings.maxSessions) else {
            return connection.refuse(channel, .administrativelyProhibited, "no more sessions")
        }
        let channels = self.watchedChannels
        let session = SessionChannel(
            connection,
            channel,
            message: grant.settings.forceCommand ?? grant.key.options.command
                ?? "This host only forwards ports: use ssh -N.",
            onSubsystem: { [weak self] name in self?.logRefusedSubsystem(name) },
            onEnd: { [weak self] session in
                self?.sessions.end()
                channels.ended(session)
            }
        )
        channels.began(session, type: "session")
        connection.accept(channel, sink: session)
    }

    /// sshd's line for a subsystem that it does not have.
    private func logRefusedSubsystem(_ name: String) {
        self.requestLog.info(
            """
            subsystem request for \(String(decoding: name.utf8.prefix(100), as: UTF8.self).escapedForLog) \
            by user \(self.login.user.escapedForLog) failed, subsystem not found
            """
        )
    }
}
