import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

extension ServerConnection {
    func openSession(_ connection: ConnectionHandler, _ channel: ChannelID) {
        guard let login = self.login, self.allowsSessions, self.sessionCount < login.grant.settings.maxSessions else {
            return connection.refuse(channel, .administrativelyProhibited, "no more sessions")
        }
        self.sessionCount += 1
        let session = SessionChannel(
            connection,
            channel,
            message: login.grant.settings.forceCommand ?? login.grant.key.options.command
                ?? "This host only forwards ports: use ssh -N."
        ) { [weak self] session in
            self?.sessionCount -= 1
            self?.ended(session)
        }
        self.began(session, type: "session")
        connection.accept(channel, sink: session)
    }
}

/// A session on a host that runs nothing: it is told so in one line, and ends with status 1.
final class SessionChannel: ChannelSink, IdleChannel {
    private let connection: ConnectionHandler
    private let id: ChannelID
    private let message: String
    private let onEnd: (SessionChannel) -> Void
    private var hasAnswered = false
    private(set) var lastActivity = NIODeadline.now()

    init(_ connection: ConnectionHandler, _ id: ChannelID, message: String, onEnd: @escaping (SessionChannel) -> Void) {
        self.connection = connection
        self.id = id
        self.message = message
        self.onEnd = onEnd
    }

    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        let asksToRun = ["shell", "exec", "subsystem"].contains(name)
        // A terminal and its environment are granted so that the client shows our line and nothing else.
        let isHarmless = ["pty-req", "env", "window-change"].contains(name)
        if let reply {
            let id = self.id
            self.connection.perform { try $0.answerChannelRequest(reply, success: asksToRun || isHarmless, on: id) }
        }
        if asksToRun, !self.hasAnswered { self.sayNo() }
    }

    private func sayNo() {
        self.hasAnswered = true
        let id = self.id
        self.connection.send(ByteBuffer(string: self.message + "\r\n"), on: id)
        self.connection.perform { engine in
            var status = WireWriter()
            status.writeUInt32(1)
            try engine.sendChannelRequest("exit-status", data: status.buffer, wantReply: false, on: id)
            try engine.sendEOF(on: id)
            try engine.closeChannel(id)
        }
    }

    func channelRead(_ data: ByteBuffer) {
        self.lastActivity = .now()
        // Nobody reads what is typed.
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelEOF() {}

    func endIdle() {
        self.connection.abort(self.id)
    }

    func channelCloseReceived() {
        self.connection.close(self.id)
    }

    func channelClosed() {
        self.onEnd(self)
    }
}
