import NIOCore
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
    /// The relay's own commands are short.
    private static let longestCommand = 4096

    func openSession(_ channel: ChannelID, on connection: ConnectionHandler) {
        let grant = self.login.grant
        guard self.sessions.begin(limit: grant.settings.maxSessions) else {
            return connection.refuse(channel, .administrativelyProhibited, "no more sessions")
        }
        let channels = self.watchedChannels
        let forced = grant.settings.forceCommand ?? grant.key.options.command
        let session = SessionChannel(
            connection,
            channel,
            message: forced ?? "This host only forwards ports: use ssh -N.",
            onCommand: { [weak self] session, command in
                // A command that is forced stands for all others.
                forced == nil ? self?.run(command, of: session, in: channel, connection) : nil
            },
            onSubsystem: { [weak self] name in self?.logRefusedSubsystem(name) },
            onEnd: { [weak self] session in
                self?.sessions.end()
                channels.ended(session)
            }
        )
        channels.began(session, type: "session")
        connection.accept(channel, sink: session)
    }

    /// - Parameter asking: makes way for a session of the command's own.
    /// - Returns: carries the command out; nil if it is none of the relay's.
    private func run(
        _ command: ByteBuffer,
        of asking: SessionChannel,
        in channel: ChannelID,
        _ connection: ConnectionHandler
    ) -> (() -> Void)? {
        let context = self.client.context
        guard command.readableBytes <= Self.longestCommand, let eventLoop = connection.eventLoop,
            let run = context.sessionCommands?.command(
                String(decoding: command.readableBytesView, as: UTF8.self),
                from: self.caller,
                context,
                hasTerminal: asking.hasTerminal
            )
        else { return nil }
        guard let room = connection.memory.reserve(CommandSession.longestInput, for: .opening) else {
            self.lacksRoom(.memory)
            return nil
        }
        let channels = self.watchedChannels
        let session = CommandSession(connection, channel, hasTerminal: asking.hasTerminal, room: room) {
            [weak self] session in
            self?.sessions.end()
            channels.ended(session)
        }
        return {
            channels.began(session, type: "session")
            channels.ended(asking)
            connection.replaceSink(of: channel, with: session)
            session.run(run, on: eventLoop)
        }
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
